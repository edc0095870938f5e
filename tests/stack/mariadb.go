package stack

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

var mariadbServer = server{
	name: "mariadb", folders: []string{"state-mysql"}, program: "mariadbd", debian: "mariadb-server", ports: 1,
	secrets: func(r *running) map[string]string {
		return map[string]string{"mysqlURL": fmt.Sprintf("marketplace:%s@tcp(%s)/?interpolateParams=true&timeout=2s&readTimeout=4s&writeTimeout=4s", r.password(), r.at())}
	},
	prepare: func(ctx context.Context, r *running) error {
		err := r.once(func(dir string) error {
			args := []string{r.tool("mariadb-install-db"), "--no-defaults", "--datadir=" + dir, "--auth-root-authentication-method=normal", "--skip-test-db"}
			return r.runTool(ctx, command{args: append(args, mariadbUser()...)}, "")
		})
		if err != nil {
			return err
		}
		// What sidecars would race to create, and who they are.
		schema, err := os.ReadFile(filepath.Join(r.stack.options.Root, "components", "state-mysql", "schema.sql"))
		if err != nil {
			return err
		}
		user := fmt.Sprintf("CREATE USER IF NOT EXISTS marketplace@'127.0.0.1'; SET PASSWORD FOR marketplace@'127.0.0.1' = PASSWORD('%s'); "+
			"GRANT ALL ON marketplace.* TO marketplace@'127.0.0.1';", r.password())
		return writeSecret(filepath.Join(r.dir(), "start.sql"), []byte(linePerStatement(string(schema)+user)))
	},
	part: func(r *running) *part {
		args := []string{r.tool(r.program), "--no-defaults", "--datadir=" + r.dir(), "--init-file=" + filepath.Join(r.dir(), "start.sql"),
			"--bind-address=127.0.0.1", "--port=" + strconv.Itoa(r.ports[0]), "--socket=socket", "--pid-file=pid", "--skip-name-resolve",
			"--max-connections=500"}
		return &part{name: r.name, health: replies(r.ports[0], "", "MariaDB"), command: command{
			args: append(args, mariadbUser()...),
			env:  r.stack.environ(groupBacking, nil),
			dir:  r.stack.options.Dir,
		}}
	},
}

// mariadbUser makes it run as root when we are root, which it would refuse otherwise.
func mariadbUser() []string {
	if os.Getuid() != 0 {
		return nil
	}
	return []string{"--user=root"}
}

// linePerStatement is the form that --init-file wants SQL in: a statement a line, and no comments.
func linePerStatement(sql string) string {
	var words []string
	for _, line := range strings.Split(sql, "\n") {
		line, _, _ = strings.Cut(line, "--")
		words = append(words, strings.Fields(line)...)
	}
	return strings.ReplaceAll(strings.Join(words, " ")+" ", "; ", ";\n")
}
