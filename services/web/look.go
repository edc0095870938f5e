package main

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"net/http"
	"path"
	"strings"

	"marketplace/shared/money"
)

//go:embed templates static
var files embed.FS

// look is how the site looks: its templates, and the files they refer to.
type look struct {
	pages   map[string]*template.Template
	edition string            // names this edition of the static files, so that browsers may keep them for ever
	small   map[string][]byte // those of them that gzip makes smaller
}

func newLook(currency money.Currency) (*look, error) {
	l := &look{pages: map[string]*template.Template{}, small: map[string][]byte{}}
	hash := sha256.New()
	err := fs.WalkDir(files, "static", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := files.ReadFile(name)
		fmt.Fprintf(hash, "%s %d\n%s", name, len(content), content)
		if small := squeezed(content); len(small) < len(content)*9/10 {
			l.small[path.Base(name)] = small
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	l.edition = hex.EncodeToString(hash.Sum(nil))[:12]

	frame, err := template.New("frame.html").Funcs(l.words(currency)).ParseFS(files, "templates/frame.html", "templates/parts.html", "templates/handed.html")
	if err != nil {
		return nil, err
	}
	names, err := fs.Glob(files, "templates/*.html")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		page := template.Must(frame.Clone()) // never executed: always clones
		if _, err := page.ParseFS(files, name); err != nil {
			return nil, err
		}
		l.pages[strings.TrimSuffix(path.Base(name), ".html")] = page
	}
	return l, nil
}

// write writes the page called name.
func (l *look) write(out io.Writer, name string, v view) error {
	return l.pages[name].ExecuteTemplate(out, "frame.html", v)
}

// types of the static files, whatever the machine believes.
var types = map[string]string{
	".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
	".woff2": "font/woff2", ".png": "image/png", ".ico": "image/x-icon", ".txt": "text/plain; charset=utf-8",
}

// static serves the files that pages refer to.
func (l *look) static(w http.ResponseWriter, r *http.Request) {
	if r.PathValue("edition") == l.edition {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	l.give(w, r, r.PathValue("file"))
}

// fixed gives a file that has its address from somebody else: browsers and robots ask for it unasked.
func (l *look) fixed(file string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=86400")
		l.give(w, r, file)
	}
}

func (l *look) give(w http.ResponseWriter, r *http.Request, file string) {
	content, err := files.ReadFile("static/" + file)
	if err != nil {
		w.Header().Set("Cache-Control", noStore)
		http.NotFound(w, r)
		return
	}
	if small := l.small[file]; small != nil {
		w.Header().Add("Vary", "Accept-Encoding")
		if takesGzip(r) {
			w.Header().Set("Content-Encoding", "gzip")
			content = small
		}
	}
	w.Header().Set("Content-Type", types[path.Ext(file)])
	_, _ = w.Write(content) // the visitor is gone: nobody left to tell
}
