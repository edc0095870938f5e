package ticket

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"marketplace/shared/money"
	"marketplace/shared/occasion"
)

func TestABoundOnThePrice(t *testing.T) {
	for _, c := range []struct {
		setting          string
		price, faceValue money.Amount
		field, says      string
	}{
		{"", 100_00, 0, "", ""},
		{"", 100_00, 1_00, "", ""},
		{"120%", 102_00, 85_00, "", ""},
		{"120%", 102_01, 85_00, "price", "Price must be at most $102.00, which is 120% of the face value"},
		{"100%", 85_01, 85_00, "price", "Price must be at most $85.00, which is 100% of the face value"},
		{"110%", 1_00, 0, "faceValue", "Face value is required"},
		{"110%", 0, 0, "", ""}, // the price has a complaint of its own
		{"33%", 1, 1, "price", "Price must be at most $0.00, which is 33% of the face value"},
		{"10000%", 99_999_999_00, 99_999_999_00, "", ""},
	} {
		var b Bound
		assert.NoError(t, b.Decode(c.setting))
		wrong := b.Check(Offer{Price: c.price, Occasion: occasion.Occasion{FaceValue: c.faceValue}}, "usd")
		if c.field == "" {
			assert.Empty(t, wrong, c)
			continue
		}
		if assert.Len(t, wrong, 1, c) {
			assert.Equal(t, c.field, wrong[0].Field)
			assert.Equal(t, c.says, wrong[0].Message)
		}
	}
	for _, setting := range []string{"120", "0%", "-5%", "1.2", "a lot", "10001%", "%", " 120%"} {
		var b Bound
		assert.ErrorContains(t, b.Decode(setting), "as in 120%", setting)
	}
}
