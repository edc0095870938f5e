package content

import (
	"bytes"
	"encoding/binary"
	"regexp"
)

const pdfMagic = "%PDF-"

var pdfHead = regexp.MustCompile(`^%PDF-[12]\.[0-9][\r\n ]`)

// endSize is where a PDF says how it ends: readers look for it there.
const endSize = 1024

const brokenPDF = "The PDF is broken: its beginning or its end is not there"

// checkPDF looks at a PDF's frame, not at what it draws: that is for whoever opens it, and it is never opened here.
func checkPDF(file []byte) string {
	end := bytes.TrimRight(file[max(0, len(file)-endSize):], "\x00\t\n\f\r ")
	if !pdfHead.Match(file) || !bytes.HasSuffix(end, []byte("%%EOF")) || !bytes.Contains(end, []byte("startxref")) {
		return brokenPDF
	}
	if endsAsZip(file) {
		return unknown
	}
	return ""
}

// The end of a ZIP: a record of 22 bytes with a comment behind it.
const (
	zipEnd     = "PK\x05\x06"
	zipEndSize = 22
)

// endsAsZip tells whether a reader of archives would take the file for one: it looks at the end only.
func endsAsZip(file []byte) bool {
	for at := len(file) - zipEndSize; at >= max(0, len(file)-zipEndSize-1<<16); at-- {
		if bytes.HasPrefix(file[at:], []byte(zipEnd)) && at+zipEndSize+int(binary.LittleEndian.Uint16(file[at+20:])) == len(file) {
			return true
		}
	}
	return false
}
