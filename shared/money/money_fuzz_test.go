package money

import (
	"encoding/json"
	"math/big"
	"strings"
	"testing"
)

// What is read as a price is one, to the cent, can be charged, and comes back the same however it is written.
func FuzzPrice(f *testing.F) {
	for _, seed := range []string{`19.99`, `"15.50"`, `"19.990"`, `1e2`, `1234567e-2`, `1000000`, `1000000.01`, `0.01`, `0.001`, `0`, `-1`, `""`, `" 7 "`,
		`1e999999999`, `1e-999999999`, `0x10`, `1_000`, `1/2`, `.5`, `5.`, `+5`, `1.`, `01`, `NaN`, `Infinity`, `null`, `true`, `[1]`, `{}`, `"`, `""1""`, `٣`, "1\x00"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, c := range []Currency{"", "usd", "jpy"} {
			a, complaint := c.Price(raw)
			if complaint != "" {
				if a != 0 {
					t.Fatalf("%q: %d with %q", raw, a, complaint)
				}
				continue
			}
			if c.Complaint(a) != "" || a < c.Least() || a > c.Most() {
				t.Fatalf("%q is no price, but read as %d", raw, a)
			}
			exact, ok := new(big.Rat).SetString(strings.TrimSpace(strings.Trim(string(raw), "\" \n\r\t")))
			if ok && exact.Cmp(big.NewRat(int64(a), 100)) != 0 { // not ok: a string with escapes
				t.Fatalf("%q read as %d hundredths", raw, a)
			}
			printed, err := json.Marshal(a)
			if err != nil {
				t.Fatal(err)
			}
			for _, form := range [][]byte{printed, []byte(a.String()), []byte(`"` + a.String() + `"`), []byte(c.Plain(a))} {
				if again, complaint := c.Price(form); complaint != "" || again != a {
					t.Fatalf("%d printed as %s, read as %d, %v", a, form, again, complaint)
				}
			}
		}
	})
}
