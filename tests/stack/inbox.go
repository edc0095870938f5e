package stack

import (
	"fmt"
	"net/http"
	"path/filepath"
	"slices"
)

// Ports of the inbox where they are not any free ones.
const (
	defaultInboxPort     = 1025
	defaultInboxPagePort = 8025
)

// inboxServer takes all mail and delivers none.
var inboxServer = server{
	name: "inbox", folders: []string{"mail-inbox"}, program: "inbox", ports: 2,
	secrets: func(r *running) map[string]string { return map[string]string{"inboxPort": fmt.Sprint(r.ports[0])} },
	part: func(r *running) *part {
		return &part{name: r.name, health: answers(r.ports[1], "/healthz", http.StatusOK), command: command{
			args: []string{r.tool(r.program)},
			env: r.stack.environ(groupBacking, map[string]string{
				"INBOX_SMTP": r.at(), "INBOX_PAGE": fmt.Sprintf("127.0.0.1:%d", r.ports[1]), "INBOX_DATA": r.dir(),
			}),
			dir: r.stack.options.Dir,
		}}
	},
}

// MailElsewhere tells whether mail goes to a server that the stack does not run.
func (s *Stack) MailElsewhere() bool {
	return slices.ContainsFunc(s.folders, func(path string) bool { return filepath.Base(path) == "mail-smtp" })
}
