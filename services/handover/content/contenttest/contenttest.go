// Package contenttest makes files as sellers attach them, and as their enemies do.
package contenttest

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
)

// PDF is a document of one empty page.
func PDF() []byte {
	var out bytes.Buffer
	var at []int
	out.WriteString("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	for i, object := range []string{"<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>", "<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 80]>>"} {
		at = append(at, out.Len())
		fmt.Fprintf(&out, "%d 0 obj%sendobj\n", i+1, object)
	}
	xref := out.Len()
	fmt.Fprintf(&out, "xref\n0 %d\n0000000000 65535 f \n", len(at)+1)
	for _, n := range at {
		fmt.Fprintf(&out, "%010d 00000 n \n", n)
	}
	fmt.Fprintf(&out, "trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", len(at)+1, xref)
	return out.Bytes()
}

func picture() image.Image {
	m := image.NewGray(image.Rect(0, 0, 48, 32))
	for x := range 48 {
		for y := range 32 {
			m.SetGray(x, y, color.Gray{Y: uint8(x*5 ^ y*7)})
		}
	}
	return m
}

// PNG is a small picture.
func PNG() []byte {
	var out bytes.Buffer
	_ = png.Encode(&out, picture()) // into memory: never fails
	return out.Bytes()
}

// JPEG is the same.
func JPEG() []byte {
	var out bytes.Buffer
	_ = jpeg.Encode(&out, picture(), nil) // the same
	return out.Bytes()
}

// Entry is a file in an archive.
type Entry struct {
	Name string
	Data []byte
}

// Zip is an archive.
func Zip(entries ...Entry) []byte {
	var out bytes.Buffer
	w := zip.NewWriter(&out)
	for _, e := range entries {
		f, _ := w.Create(e.Name) // into memory: never fails
		_, _ = f.Write(e.Data)
	}
	_ = w.Close()
	return out.Bytes()
}

// Pass is what makes an archive a pass.
func Pass() []Entry {
	return []Entry{
		{"pass.json", []byte(`{"formatVersion":1,"passTypeIdentifier":"pass.example.ticket","serialNumber":"42","teamIdentifier":"T","organizationName":"Hall","description":"Ticket"}`)},
		{"icon.png", PNG()},
		{"manifest.json", []byte(`{"pass.json":"da39a3ee5e6b4b0d3255bfef95601890afd80709"}`)},
		{"signature", []byte("0\x80\x06\x09")},
	}
}

// PKPass is a pass for a phone's wallet.
func PKPass(more ...Entry) []byte { return Zip(append(Pass(), more...)...) }

// HugePNG says that it has so many pixels, and is small.
func HugePNG(width, height uint32) []byte {
	head := make([]byte, 13)
	binary.BigEndian.PutUint32(head, width)
	binary.BigEndian.PutUint32(head[4:], height)
	head[8] = 8 // bits of grey
	out := []byte("\x89PNG\r\n\x1a\n")
	for _, c := range []Entry{{"IHDR", head}, {"IDAT", []byte{0x78, 0x9c, 3, 0, 0, 0, 0, 1}}, {"IEND", nil}} {
		out = binary.BigEndian.AppendUint32(out, uint32(len(c.Data)))
		chunk := append([]byte(c.Name), c.Data...)
		out = binary.BigEndian.AppendUint32(append(out, chunk...), crc32.ChecksumIEEE(chunk))
	}
	return out
}

// Bomb is a pass with a file in it that is a thousand times its size.
func Bomb() []byte { return PKPass(Entry{"strip.png", make([]byte, 400<<20)}) }
