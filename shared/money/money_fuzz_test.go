package money

import (
	"encoding/json"
	"errors"
	"math/big"
	"strings"
	"testing"
)

// What is read as a price is one, to the cent, and comes back the same however it is written.
func FuzzParsePrice(f *testing.F) {
	for _, seed := range []string{`19.99`, `"15.50"`, `"19.990"`, `1e2`, `1234567e-2`, `1000000`, `1000000.01`, `0.01`, `0.001`, `0`, `-1`, `""`, `" 7 "`,
		`1e999999999`, `1e-999999999`, `0x10`, `1_000`, `1/2`, `.5`, `5.`, `+5`, `1.`, `01`, `NaN`, `Infinity`, `null`, `true`, `[1]`, `{}`, `"`, `""1""`, `٣`, "1\x00"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		a, err := ParsePrice(raw)
		if err != nil {
			if !errors.Is(err, ErrPrice) || a != 0 {
				t.Fatalf("%q: %d with %v", raw, a, err)
			}
			return
		}
		if a <= 0 || a > Most {
			t.Fatalf("%q is no price, but read as %d", raw, a)
		}
		exact, ok := new(big.Rat).SetString(strings.TrimSpace(strings.Trim(string(raw), `"`)))
		if !ok || exact.Cmp(big.NewRat(int64(a), 100)) != 0 {
			t.Fatalf("%q read as %d cents", raw, a)
		}
		printed, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		for _, form := range [][]byte{printed, []byte(a.String()), []byte(`"` + a.String() + `"`)} {
			if again, err := ParsePrice(form); err != nil || again != a {
				t.Fatalf("%d printed as %s, read as %d, %v", a, form, again, err)
			}
		}
	})
}
