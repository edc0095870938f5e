package fault

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Whatever goes wrong has a code for programs: its own, or its kind's.
func TestEveryRefusalHasACode(t *testing.T) {
	for _, row := range []struct {
		err  error
		want []Code
	}{
		{New(Refused, "Ticket is already reserved").Named(TicketReserved), []Code{"ticket_reserved"}},
		{fmt.Errorf("place: %w", New(Refused, "No").Named(OwnTicket)), []Code{"own_ticket"}},
		{New(Refused, "No"), []Code{"refused"}},
		{Wait(time.Minute, "You gave it back").Named(HeldLately), []Code{"held_lately"}},
		{Wait(time.Minute, "Slowly"), []Code{"too_many_requests"}},
		{InField("colour", "Unknown field").Named(UnknownField), []Code{"unknown_field"}},
		{Fields{{Message: "a", Code: UnknownParameter}, {Message: "b"}}.Err(), []Code{"unknown_parameter", "invalid"}},
		{NotSignedIn(), []Code{"not_signed_in"}}, {NotOwner(), []Code{"not_owner"}}, {NoSuchThing(), []Code{"not_found"}}, {UnknownRoute(), []Code{"not_found"}},
		{Down(errors.New("x"), "Later"), []Code{"unavailable"}}, {context.DeadlineExceeded, []Code{"unavailable"}},
		{errors.New("secret"), []Code{"internal"}}, {New(Internal, "secret").Named(TicketReserved), []Code{"internal"}},
	} {
		fields, _ := Public(row.err)
		var got []Code
		for _, f := range fields {
			got = append(got, f.Code)
		}
		assert.Equal(t, row.want, got, "%v", row.err)
		assert.Equal(t, row.want[0], CodeOf(row.err))
	}
	for kind := range answers {
		assert.NotEmpty(t, answers[kind].code, "kind %d", kind)
	}
	shared := Fields{{Message: "a"}}
	Public(shared.Err())
	assert.Empty(t, shared[0].Code, "who is told changes nothing")
}

// The list of codes is complete, explained and no longer than what is used.
func TestCodes(t *testing.T) {
	listed, told := map[string]bool{}, map[string]bool{}
	file, err := parser.ParseFile(token.NewFileSet(), "codes.go", nil, parser.ParseComments)
	require.NoError(t, err)
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		name, value := spec.Names[0].Name, spec.Values[0].(*ast.BasicLit).Value
		assert.NotNil(t, spec.Comment, "%s says what it means", name)
		assert.Regexp(t, `^"[a-z]+(_[a-z]+)*"$`, value)
		assert.False(t, told[value], "%s is there twice", value)
		listed[name], told[value] = true, true
		return true
	})
	require.Greater(t, len(listed), 30)

	own, err := os.ReadFile("answer.go")
	require.NoError(t, err)
	var all strings.Builder
	for _, root := range []string{"../../services", "../../shared"} {
		require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			all.Write(text)
			return err
		}))
	}
	for name := range listed {
		if ast.IsExported(name) {
			assert.True(t, regexp.MustCompile(`\bfault\.`+name+`\b`).MatchString(all.String()), "nobody uses %s", name)
		} else {
			assert.Regexp(t, `, `+name+`\}`, string(own), "no kind has %s", name)
		}
	}
	for _, literal := range []string{`Named\("`, `Code: *"`, `Code\("`} {
		assert.NotRegexp(t, literal, all.String(), "a code that the list lacks")
	}
	for _, m := range regexp.MustCompile(`Named\((?:fault\.)?(\w+)\)`).FindAllStringSubmatch(all.String(), -1) {
		assert.True(t, listed[m[1]] || m[1] == "code", "%s is not in the list", m[1])
	}
}
