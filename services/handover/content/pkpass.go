package content

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"path"
	"strings"
)

const (
	zipMagic = "PK\x03\x04"

	mostEntries  = 300
	mostUnpacked = 20 << 20  // of a whole pass, as it says itself
	mostDeclared = 512 << 10 // of each of the three files that make it one
)

const brokenPass = "The pkpass is broken"

// checkPKPass looks at a pass as a phone does before it believes a word: an archive with pass.json, the list of what is in
// it, and a signature. Nothing but those is unpacked, and no more of them than their limit, whatever the archive says.
func checkPKPass(file []byte) string {
	archive, err := zip.NewReader(bytes.NewReader(file), int64(len(file)))
	if err != nil || !endsAsZip(file) || archive.Comment != "" || len(archive.File) > mostEntries {
		return brokenPass
	}
	entries, first := map[string]*zip.File{}, int64(len(file))
	var packed, unpacked uint64
	for _, f := range archive.File {
		clean := path.Clean(f.Name)
		if entries[f.Name] != nil || strings.ContainsAny(f.Name, "\\\x00") || path.IsAbs(f.Name) || clean == ".." || strings.HasPrefix(clean, "../") || strings.TrimSuffix(f.Name, "/") != clean {
			return brokenPass
		}
		if !f.Mode().IsRegular() && !f.Mode().IsDir() {
			return brokenPass
		}
		at, err := f.DataOffset()
		if err != nil || f.CompressedSize64 > uint64(len(file)) || f.UncompressedSize64 > mostUnpacked {
			return brokenPass
		}
		first = min(first, at)
		packed, unpacked = packed+f.CompressedSize64, unpacked+f.UncompressedSize64
		entries[f.Name] = f
	}
	if packed > uint64(len(file)) || unpacked > mostUnpacked || first > 1<<10 { // parts that lie on one another, a bomb, something before the archive
		return brokenPass
	}
	var pass struct {
		Format *int   `json:"formatVersion"`
		Type   string `json:"passTypeIdentifier"`
		Serial string `json:"serialNumber"`
	}
	var manifest map[string]string
	signature, signed := unpack(entries["signature"])
	if !signed || len(signature) == 0 || !read(entries["pass.json"], &pass) || !read(entries["manifest.json"], &manifest) {
		return unknown // an archive, and no pass
	}
	if pass.Format == nil || pass.Type == "" || pass.Serial == "" {
		return brokenPass
	}
	return ""
}

func read(f *zip.File, into any) bool {
	raw, ok := unpack(f)
	return ok && json.Unmarshal(raw, into) == nil
}

// unpack returns what is in a file of an archive, false when there is none or too much.
func unpack(f *zip.File) ([]byte, bool) {
	if f == nil || f.UncompressedSize64 > mostDeclared {
		return nil, false
	}
	r, err := f.Open()
	if err != nil {
		return nil, false
	}
	defer r.Close()
	raw, err := io.ReadAll(io.LimitReader(r, mostDeclared+1))
	return raw, err == nil && len(raw) <= mostDeclared
}
