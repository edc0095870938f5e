// Command dashboards makes Grafana's dashboards of k8s/choices/monitoring, with Grafana's own library. They are committed: a
// cluster needs no Go. It is a module of its own: what it needs is no business of the services.
//
//	go run -C tests/dashboards .
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// folder is where they are kept, seen from here.
const folder = "../../k8s/choices/monitoring/dashboards"

func main() {
	for name, text := range made() {
		if err := os.WriteFile(filepath.Join(folder, name), text, 0o644); err != nil {
			fmt.Fprintln(os.Stderr, "dashboards:", err)
			os.Exit(1)
		}
	}
}

// made are the dashboards, by the names of their files.
func made() map[string][]byte {
	files := map[string][]byte{}
	for name, b := range map[string]*dashboard.DashboardBuilder{
		"market.json": market(), "services.json": services(), "pipes.json": pipes(), "cost.json": cost(),
	} {
		d, err := b.Build()
		if err != nil {
			panic(err) // a programming error: nothing here comes from outside
		}
		for i := range d.Panels {
			id := uint32(i + 1)
			if panel := d.Panels[i].Panel; panel != nil {
				panel.Id = &id
			} else {
				d.Panels[i].RowPanel.Id = id
			}
		}
		text, err := json.MarshalIndent(d, "", "  ")
		if err != nil {
			panic(err)
		}
		files[name] = append(text, '\n')
	}
	return files
}
