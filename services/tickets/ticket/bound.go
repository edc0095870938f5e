package ticket

import (
	"fmt"
	"strconv"
	"strings"

	"marketplace/shared/fault"
	"marketplace/shared/money"
)

// Bound is the most that may be asked for a ticket, in percent of its face value; 0 is none.
type Bound int64

// mostBound keeps a price times a bound far from what a number can hold.
const mostBound = 10_000

// Decode reads the setting.
func (b *Bound) Decode(setting string) error {
	if setting == "" {
		*b = 0
		return nil
	}
	percent, err := strconv.Atoi(strings.TrimSuffix(setting, "%"))
	if err != nil || !strings.HasSuffix(setting, "%") || percent < 1 || percent > mostBound {
		return fmt.Errorf("must be 1%% to %d%%, as in 120%%, or empty for no bound", mostBound)
	}
	*b = Bound(percent)
	return nil
}

// Check returns the complaints about an offer: what has a bound has a face value.
func (b Bound) Check(o Offer, currency money.Currency) (wrong fault.Fields) {
	if b == 0 || o.Price == 0 { // another complaint's
		return nil
	}
	most := o.FaceValue * money.Amount(b) / 100
	wrong.Check(o.FaceValue != 0, "faceValue", "Face value is required")
	wrong.Check(o.FaceValue == 0 || o.Price <= most, "price", fmt.Sprintf("Price must be at most %s, which is %d%% of the face value", currency.Print(most), b))
	return wrong
}
