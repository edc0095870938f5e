package main

import (
	"bytes"
	"debug/buildinfo"
	"encoding/json"
	"fmt"
	"runtime/debug"
	"strings"
)

// part is a component of a CycloneDX document.
type part struct {
	Type    string `json:"type"`
	Ref     string `json:"bom-ref"`
	Name    string `json:"name"`
	Version string `json:"version,omitempty"`
	URL     string `json:"purl,omitempty"`
}

// sbom lists what a program is made of, as the Go linker wrote it into it: the modules, the standard library, and the
// certificate authorities that its image adds. It has neither date nor serial number, so it is the same each time.
func sbom(name string, binary []byte) ([]byte, error) {
	info, err := buildinfo.Read(bytes.NewReader(binary))
	if err != nil {
		return nil, fmt.Errorf("what the program is made of: %w", err)
	}
	std := strings.TrimPrefix(info.GoVersion, "go")
	parts := []part{{Type: "library", Ref: "std", Name: "std", Version: std, URL: "pkg:golang/std@" + std}}
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		parts = append(parts, module(m.Path, m.Version))
	}
	if own, ok := debug.ReadBuildInfo(); ok {
		for _, m := range own.Deps {
			if strings.HasSuffix(m.Path, "x509roots/fallback") {
				parts = append(parts, module(m.Path, m.Version))
			}
		}
	}
	return json.MarshalIndent(map[string]any{
		"bomFormat":   "CycloneDX",
		"specVersion": "1.5",
		"version":     1,
		"metadata":    map[string]any{"component": part{Type: "application", Ref: info.Path, Name: name}},
		"components":  parts,
	}, "", "  ")
}

func module(path, version string) part {
	return part{Type: "library", Ref: path + "@" + version, Name: path, Version: version, URL: "pkg:golang/" + path + "@" + version}
}
