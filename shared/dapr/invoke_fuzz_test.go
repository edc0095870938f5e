package dapr

import (
	"testing"

	"marketplace/shared/fault"
)

// Whatever another service, or a sidecar in its place, answers is a refusal with words, or the service counts as down.
func FuzzRefusal(f *testing.F) {
	for _, seed := range []string{`{"errors":[{"message":"Not Found"}]}`, `{"errors":[{"message":"Email must be valid","field":"email"},{"message":"x"}]}`, `{"errors":[]}`, `{"errors":[{}]}`, `{"errors":[null]}`,
		`{"errors":"x"}`, `{"errorCode":"ERR_DIRECT_INVOKE","message":"fail to invoke"}`, `<html>`, ``, `null`, `{"errors":[{"message":1}]}`, "\xff"} {
		for _, status := range []int{400, 401, 404, 409, 413, 429, 500, 502, 503} {
			f.Add(status, []byte(seed))
		}
	}
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		err := refusal("orders", status, body)
		words, _ := fault.Public(err)
		if len(words) == 0 || words[0].Message == "" {
			t.Fatalf("%d %q is told as %+v", status, body, words)
		}
		if err.Error() == "" {
			t.Fatalf("%d %q is logged as nothing", status, body)
		}
	})
}
