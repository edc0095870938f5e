// Package content tells what a seller attaches to a ticket: a file that gets one in, or a barcode's text. A file is what its
// bytes are, whatever its name or its sender says. Pure: bytes in, a verdict out.
package content

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Type of what is attached.
type Type string

const (
	PDF    Type = "pdf"
	PNG    Type = "png"
	JPEG   Type = "jpeg"
	PKPass Type = "pkpass" // a pass for a phone's wallet
	Text   Type = "text"   // what a barcode says
)

const (
	// Largest is the most that a file may have, in bytes.
	Largest = 2 << 20
	// LongestText fits into a QR code.
	LongestText = 1000
)

// MediaType is what it is served as.
func (t Type) MediaType() string {
	return map[Type]string{
		PDF: "application/pdf", PNG: "image/png", JPEG: "image/jpeg", PKPass: "application/vnd.apple.pkpass", Text: "text/plain; charset=utf-8",
	}[t]
}

// Ending is what a file of it is called at the end.
func (t Type) Ending() string {
	return map[Type]string{PDF: ".pdf", PNG: ".png", JPEG: ".jpg", PKPass: ".pkpass", Text: ".txt"}[t]
}

// unknown is the complaint about what is none of ours.
const unknown = "The file must be a PDF, a PNG or JPEG picture, or a pkpass"

// Recognise tells what a file is, and what of it is kept: a picture ends where it ends, whatever else hangs on it. The
// complaint, "" when there is none, is a sentence for whoever sent it.
func Recognise(file []byte) (t Type, kept []byte, complaint string) {
	switch {
	case len(file) == 0:
		return "", nil, "The file is empty"
	case len(file) > Largest:
		return "", nil, "The file is larger than 2 MB"
	case begins(file, pdfMagic):
		return PDF, file, checkPDF(file)
	case begins(file, pngMagic):
		kept, complaint = checkPNG(file)
		return PNG, kept, complaint
	case begins(file, jpegMagic):
		kept, complaint = checkJPEG(file)
		return JPEG, kept, complaint
	case begins(file, zipMagic):
		return PKPass, file, checkPKPass(file)
	}
	return "", nil, unknown
}

func begins(file []byte, magic string) bool {
	return strings.HasPrefix(string(file[:min(len(file), 16)]), magic)
}

// Barcode tells whether text can be what a barcode says, and returns it without the spaces around it.
func Barcode(text string) (kept, complaint string) {
	kept = strings.TrimSpace(text)
	switch {
	case kept == "":
		return "", "What the barcode says is missing"
	case !utf8.ValidString(kept), strings.ContainsFunc(kept, func(r rune) bool { return unicode.IsControl(r) || !unicode.IsPrint(r) }):
		return "", "What the barcode says must be one line of printable characters"
	case len(kept) > LongestText:
		return "", "What the barcode says must be at most 1000 bytes"
	}
	return kept, ""
}
