package content_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"marketplace/services/handover/content"
	"marketplace/services/handover/content/contenttest"
)

func TestWhatGetsOneIn(t *testing.T) {
	for want, file := range map[content.Type][]byte{
		content.PDF: contenttest.PDF(), content.PNG: contenttest.PNG(), content.JPEG: contenttest.JPEG(), content.PKPass: contenttest.PKPass(),
	} {
		got, kept, complaint := content.Recognise(file)
		require.Empty(t, complaint, want)
		assert.Equal(t, want, got)
		assert.Equal(t, file, kept)
		assert.NotEmpty(t, got.MediaType())
		assert.NotEmpty(t, got.Ending())
	}
	_, _, complaint := content.Recognise(append(contenttest.PDF(), "\r\n\r\n"...))
	assert.Empty(t, complaint, "lines after the end are common")
}

// Whatever hangs on a picture behind its end is not kept.
func TestAPictureEndsWhereItEnds(t *testing.T) {
	for _, file := range [][]byte{contenttest.PNG(), contenttest.JPEG()} {
		for name, tail := range map[string][]byte{"an archive": contenttest.Zip(contenttest.Entry{Name: "x", Data: []byte("x")}), "a page": []byte("<script>alert(1)</script>"), "a byte": {0}} {
			_, kept, complaint := content.Recognise(append(bytes.Clone(file), tail...))
			assert.Empty(t, complaint, name)
			assert.Equal(t, file, kept, name)
		}
	}
}

func TestWhatIsNoTicket(t *testing.T) {
	broken := func(file []byte, change func([]byte) []byte) []byte { return change(bytes.Clone(file)) }
	pdf, png, jpeg, pass := contenttest.PDF(), contenttest.PNG(), contenttest.JPEG(), contenttest.PKPass()
	archive := contenttest.Zip(contenttest.Entry{Name: "x", Data: []byte("x")})
	commented := func() []byte {
		var out bytes.Buffer
		w := zip.NewWriter(&out)
		for _, e := range contenttest.Pass() {
			f, err := w.Create(e.Name)
			require.NoError(t, err)
			_, err = f.Write(e.Data)
			require.NoError(t, err)
		}
		require.NoError(t, w.SetComment("<script>"))
		require.NoError(t, w.Close())
		return out.Bytes()
	}
	pdfAndZip := append(bytes.Clone(pdf), archive...) // its comment ends as a PDF does
	binary.LittleEndian.PutUint16(pdfAndZip[len(pdfAndZip)-2:], uint16(len("startxref\n9\n%%EOF")))
	pdfAndZip = append(pdfAndZip, "startxref\n9\n%%EOF"...)
	without := func(name string) []byte {
		var kept []contenttest.Entry
		for _, e := range contenttest.Pass() {
			if e.Name != name {
				kept = append(kept, e)
			}
		}
		return contenttest.Zip(kept...)
	}
	for name, c := range map[string]struct {
		file []byte
		says string
	}{
		"nothing":                          {nil, "empty"},
		"too large":                        {append(bytes.Clone(pdf), make([]byte, content.Largest)...), "2 MB"},
		"a page":                           {[]byte("<!doctype html><script>alert(1)</script>"), "must be"},
		"a picture with scripts in it":     {[]byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`), "must be"},
		"a GIF":                            {[]byte("GIF89a\x01\x00\x01\x00"), "must be"},
		"a program":                        {append([]byte("\x7fELF\x02\x01\x01"), make([]byte, 64)...), "must be"},
		"text":                             {[]byte("Admit one"), "must be"},
		"a PDF in name only":               {[]byte("%PDF-1.7\n"), "PDF is broken"},
		"a PDF after something else":       {append([]byte("MZ\x00"), pdf...), "must be"},
		"a PDF of no version":              {broken(pdf, func(b []byte) []byte { b[5] = 'x'; return b }), "PDF is broken"},
		"a PDF that breaks off":            {pdf[:len(pdf)-8], "PDF is broken"},
		"a PDF with a page behind it":      {append(bytes.Clone(pdf), "<script>"...), "PDF is broken"},
		"a PDF that is an archive, too":    {append(bytes.Clone(pdf), archive...), "PDF is broken"},
		"and the other way round":          {pdfAndZip, "must be"},
		"a PNG in name only":               {png[:8], "picture is broken"},
		"a PNG that breaks off":            {png[:len(png)-12], "picture is broken"},
		"a PNG with a wrong sum":           {broken(png, func(b []byte) []byte { b[len(b)-20] ^= 1; return b }), "picture is broken"},
		"a PNG without pixels":             {contenttest.HugePNG(0, 10), "picture is broken"},
		"a PNG that is wide":               {contenttest.HugePNG(10_001, 1), "too many pixels"},
		"a PNG that fills the memory":      {contenttest.HugePNG(9000, 9000), "too many pixels"},
		"a PNG that counts past all":       {contenttest.HugePNG(1<<31-1, 1<<31-1), "picture"},
		"a JPEG in name only":              {jpeg[:4], "picture is broken"},
		"a JPEG that breaks off":           {jpeg[:len(jpeg)-2], "picture is broken"},
		"a JPEG that fills the memory":     {broken(jpeg, huge), "too many pixels"},
		"an archive that is no pass":       {archive, "must be"},
		"a document of an office":          {contenttest.Zip(contenttest.Entry{Name: "[Content_Types].xml", Data: []byte("<x/>")}), "must be"},
		"a pass without itself":            {without("pass.json"), "must be"},
		"a pass without a list":            {without("manifest.json"), "must be"},
		"a pass without a signature":       {without("signature"), "must be"},
		"a pass that says nothing":         {contenttest.Zip(append(contenttest.Pass()[1:], contenttest.Entry{Name: "pass.json", Data: []byte(`{}`)})...), "pkpass is broken"},
		"a pass that is no JSON":           {contenttest.Zip(append(contenttest.Pass()[1:], contenttest.Entry{Name: "pass.json", Data: []byte(`<x>`)})...), "must be"},
		"a pass whose word is too long":    {contenttest.Zip(append(contenttest.Pass()[1:], contenttest.Entry{Name: "pass.json", Data: append([]byte(`{"formatVersion":1}`), make([]byte, 600<<10)...)})...), "must be"},
		"a pass after something else":      {append([]byte("PK\x03\x04"+strings.Repeat("x", 2000)), pass...), "pkpass is broken"},
		"a pass with something behind it":  {append(bytes.Clone(pass), "<script>"...), "pkpass is broken"},
		"a pass with a comment":            {commented(), "pkpass is broken"},
		"a pass that breaks off":           {pass[:len(pass)-30], "pkpass is broken"},
		"a pass that climbs out":           {contenttest.PKPass(contenttest.Entry{Name: "../../etc/passwd"}), "pkpass is broken"},
		"a pass with an absolute path":     {contenttest.PKPass(contenttest.Entry{Name: "/etc/passwd"}), "pkpass is broken"},
		"a pass with another's separators": {contenttest.PKPass(contenttest.Entry{Name: `..\x`}), "pkpass is broken"},
		"a pass with one name twice":       {contenttest.PKPass(contenttest.Pass()[0]), "pkpass is broken"},
	} {
		_, kept, complaint := content.Recognise(c.file)
		assert.Contains(t, complaint, c.says, name)
		if complaint != "" && kept != nil {
			assert.NotEmpty(t, complaint, name)
		}
	}
}

// huge makes a JPEG say that it has 65,535 pixels on each side.
func huge(file []byte) []byte {
	for at := range file {
		if file[at] == 0xff && (file[at+1] == 0xc0 || file[at+1] == 0xc2) {
			copy(file[at+5:], "\xff\xff\xff\xff")
			return file
		}
	}
	return nil
}

// A bomb is not unpacked.
func TestBombs(t *testing.T) {
	bomb := contenttest.Bomb()
	require.Less(t, len(bomb), content.Largest)
	manyNames := contenttest.Pass()
	for i := range 400 {
		manyNames = append(manyNames, contenttest.Entry{Name: strings.Repeat("x", 1+i%40) + string(rune('a'+i%26)) + string(rune('A'+i/26))})
	}
	liar := contenttest.Zip(append(contenttest.Pass()[1:], contenttest.Entry{Name: "pass.json", Data: bytes.Repeat([]byte(" "), 100<<20)})...)
	at := bytes.LastIndex(liar, []byte("PK\x01\x02"))
	binary.LittleEndian.PutUint32(liar[at+24:], 100) // it says that it is small
	for name, file := range map[string][]byte{"one file": bomb, "many": contenttest.Zip(manyNames...), "one that lies": liar} {
		began := time.Now()
		allocated := testing.AllocsPerRun(1, func() {
			_, _, complaint := content.Recognise(file)
			assert.NotEmpty(t, complaint, name)
		})
		assert.Less(t, time.Since(began), 5*time.Second, name)
		assert.Less(t, allocated, 20_000.0, name)
	}
}

func TestBarcode(t *testing.T) {
	kept, complaint := content.Barcode("  M1SIMONE/NINA 0A7-42 §  \n")
	assert.Empty(t, complaint)
	assert.Equal(t, "M1SIMONE/NINA 0A7-42 §", kept)
	for _, bad := range []string{"", " \n", "two\nlines", "a\x00b", "\xff", "a\u202eb", strings.Repeat("x", content.LongestText+1)} {
		_, complaint := content.Barcode(bad)
		assert.NotEmpty(t, complaint, "%q", bad)
	}
}

// Whatever is sent, it is judged in bounds, and what is kept is recognised again as the same.
func FuzzRecognise(f *testing.F) {
	for _, seed := range [][]byte{contenttest.PDF(), contenttest.PNG(), contenttest.JPEG(), contenttest.PKPass(), contenttest.HugePNG(1, 1), []byte("PK\x05\x06")} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		kind, kept, complaint := content.Recognise(file)
		if complaint != "" {
			return
		}
		if !bytes.HasPrefix(file, kept) {
			t.Fatal("kept what was not sent")
		}
		again, whole, complaint := content.Recognise(kept)
		if again != kind || !bytes.Equal(whole, kept) || complaint != "" {
			t.Fatalf("%s is %s %q the second time", kind, again, complaint)
		}
	})
}
