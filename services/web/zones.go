package main

import (
	_ "embed"
	"strings"
)

// zoneNames is one zone a line: the database's zone.tab, which has one or more for each country.
//
//go:embed zones.txt
var zoneNames string

// region is a part of the world and its time zones, for people to choose from.
type region struct {
	Name  string
	Zones []choosable
}

type choosable struct{ Name, Value string }

// regions are all zones to choose from.
var regions = func() []region {
	all := []region{}
	for name := range strings.Lines(zoneNames) {
		name = strings.TrimSpace(name)
		part, city, _ := strings.Cut(name, "/")
		if len(all) == 0 || all[len(all)-1].Name != part {
			all = append(all, region{Name: part})
		}
		last := &all[len(all)-1]
		last.Zones = append(last.Zones, choosable{strings.ReplaceAll(strings.ReplaceAll(city, "_", " "), "/", ", "), name})
	}
	return append(all, region{"Elsewhere", []choosable{{"UTC", "UTC"}}})
}()

// isListed tells whether a zone is among those to choose from. There are more: other names for the same.
func isListed(zone string) bool {
	return zone == "" || zone == "UTC" || strings.Contains("\n"+zoneNames, "\n"+zone+"\n")
}
