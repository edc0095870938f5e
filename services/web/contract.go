package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"marketplace/shared/api"
	"marketplace/shared/contracts"
	"marketplace/shared/fault"
)

// contract is what a client's author reads: shared/contracts/openapi.yaml as JSON for programs, and as what the page docs
// shows. The page is a template of ours and no kept library's: it works without scripts, looks like the site, needs no
// policy of its own, and has an anchor for each error.
type contract struct {
	json []byte
	etag string
	page reference
}

// contractFor is how long whoever asked for the JSON may keep it unasked.
const contractFor = "public, max-age=300"

func newContract() (*contract, error) {
	root, err := contracts.Parse(contracts.OpenAPI)
	if err != nil {
		return nil, err
	}
	c := &contract{}
	if c.json, err = contracts.JSON(root); err != nil {
		return nil, err
	}
	sum := sha256.Sum256(c.json)
	c.etag = `"` + hex.EncodeToString(sum[:])[:12] + `"`
	c.page, err = read(document{root: root, Node: root})
	return c, err
}

// openapi answers with the JSON.
func (s *site) openapi(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", contractFor)
	w.Header().Set("ETag", s.contract.etag)
	if strings.Contains(strings.Join(r.Header.Values("If-None-Match"), ","), s.contract.etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(squeeze(w, r, s.contract.json)) // the visitor is gone: nobody left to tell
}

// onlyRead answers for other methods than GET and HEAD, as service.Routes does.
func onlyRead(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Allow", "GET, HEAD, OPTIONS")
	if r.Method != http.MethodOptions {
		api.Fail(w, r, fault.UnknownMethod())
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// docs shows it to people.
func (s *site) docs(w http.ResponseWriter, r *http.Request) error {
	return s.show(w, r, http.StatusOK, "docs", view{Title: "API", Data: s.contract.page})
}

// reference is the document in the order in which one reads it.
type reference struct {
	Title, Summary string
	Intro          []chapter
	Groups         []group
	Codes          []named
	Shapes         []shape
}

type chapter struct {
	Title string
	Words []string // paragraphs
}

type group struct {
	Name, Words string
	Operations  []operation
}

type operation struct {
	ID, Method, Path, Summary string
	Words                     []string
	SignedIn                  bool // whoever asks has to be
	Parameters                []field
	Body                      *content
	Answers                   []reply
}

type reply struct {
	Status, Words string
	Headers       []named
	Content       *content
}

// content is a body: its shape, or its own fields, and an example.
type content struct {
	Type    string
	Shape   string // of Shapes, "" for none
	Fields  []field
	Example string
}

type shape struct {
	Name, Words string
	Type        string
	Fields      []field
	Values      []named // of which it is one
}

type field struct {
	Name, Where, Type, Shape, Words string
	Required                        bool
}

type named struct{ Name, Words string }

// document is a part of the contract; root finds what it refers to.
type document struct {
	root *yaml.Node
	*yaml.Node
}

// at is what stands under a name, with what it refers to; empty when nothing does.
func (d document) at(name string) document {
	for key, value := range d.each() {
		if key == name {
			return value
		}
	}
	return document{d.root, &yaml.Node{}}
}

// each goes through a mapping in its order, or through a list, with what its parts refer to.
func (d document) each() func(func(string, document) bool) {
	return func(yield func(string, document) bool) {
		switch d.Kind {
		case yaml.MappingNode:
			for i := 0; i < len(d.Content); i += 2 {
				if !yield(d.Content[i].Value, document{d.root, d.Content[i+1]}.followed()) {
					return
				}
			}
		case yaml.SequenceNode:
			for _, part := range d.Content {
				if !yield("", document{d.root, part}.followed()) {
					return
				}
			}
		}
	}
}

// followed is d, or what it refers to.
func (d document) followed() document {
	if d.Kind == yaml.AliasNode {
		return document{d.root, d.Alias}
	}
	if ref := d.ref(); ref != "" {
		found := document{d.root, d.root}
		for _, step := range strings.Split(ref, "/")[1:] {
			found = found.at(step)
		}
		return found
	}
	return d
}

// ref is where d refers to, as #/components/schemas/Ticket.
func (d document) ref() string {
	for i := 0; d.Kind == yaml.MappingNode && i < len(d.Content); i += 2 {
		if d.Content[i].Value == "$ref" {
			return d.Content[i+1].Value
		}
	}
	return ""
}

// raw is what stands under a name itself, be it a reference.
func (d document) raw(name string) document {
	for i := 0; d.Kind == yaml.MappingNode && i < len(d.Content); i += 2 {
		if d.Content[i].Value == name {
			return document{d.root, d.Content[i+1]}
		}
	}
	return document{d.root, &yaml.Node{}}
}

// said are the words of a reference, or of what it refers to.
func (d document) said() string {
	if own := d.raw("description"); own.Value != "" {
		return own.Value
	}
	return d.followed().at("description").Value
}

func read(d document) (reference, error) {
	info := d.at("info")
	page := reference{Title: info.at("title").Value, Summary: info.at("summary").Value, Intro: chapters(info.at("description").Value)}
	for _, tag := range d.at("tags").each() {
		page.Groups = append(page.Groups, group{Name: tag.at("name").Value, Words: tag.at("description").Value})
	}
	for path, item := range d.at("paths").each() {
		for method, op := range item.each() {
			if op.at("operationId").Value == "" {
				continue // the parameters of all
			}
			o, err := readOperation(strings.ToUpper(method), path, item, op)
			if err != nil {
				return page, err
			}
			at := slices.IndexFunc(page.Groups, func(g group) bool { return g.Name == op.at("tags").first() })
			if at < 0 {
				return page, fmt.Errorf("contract: %s %s has no tag that is one", o.Method, o.Path)
			}
			page.Groups[at].Operations = append(page.Groups[at].Operations, o)
		}
	}
	for name, schema := range d.at("components").at("schemas").each() {
		if name == "ErrorCode" {
			page.Codes = values(schema)
			continue
		}
		page.Shapes = append(page.Shapes, shape{Name: name, Words: schema.at("description").Value, Type: typeOf(schema), Fields: fields(schema), Values: values(schema)})
	}
	return page, nil
}

// first is the first value of a list.
func (d document) first() string {
	for _, part := range d.each() {
		return part.Value
	}
	return ""
}

func readOperation(method, path string, item, op document) (operation, error) {
	o := operation{ID: op.at("operationId").Value, Method: method, Path: path, Summary: op.at("summary").Value, Words: paragraphs(op.at("description").Value)}
	required := false
	for _, way := range op.at("security").each() {
		required = len(way.Content) > 0
		if !required {
			break // one of the ways is none
		}
	}
	o.SignedIn = required
	for _, list := range []document{item.at("parameters"), op.at("parameters")} {
		for _, p := range list.each() {
			schema := p.raw("schema")
			o.Parameters = append(o.Parameters, field{Name: p.at("name").Value, Where: p.at("in").Value, Type: typeOf(schema.followed()),
				Shape: shapeOf(schema), Words: p.at("description").Value, Required: p.at("required").Value == "true"})
		}
	}
	var err error
	if o.Body, err = readContent(op.at("requestBody")); err != nil {
		return o, err
	}
	for status, response := range op.at("responses").each() {
		a := reply{Status: status, Words: response.at("description").Value}
		for name, header := range response.at("headers").each() {
			if name != "X-Request-Id" { // all have it
				a.Headers = append(a.Headers, named{name, header.at("description").Value})
			}
		}
		if a.Content, err = readContent(response); err != nil {
			return o, err
		}
		o.Answers = append(o.Answers, a)
	}
	return o, nil
}

// readContent reads the first of a body's forms, nil when there is no body.
func readContent(body document) (*content, error) {
	for _, media := range body.at("content").each() {
		schema := media.raw("schema")
		c := &content{Type: typeOf(schema.followed()), Shape: shapeOf(schema)}
		if schema.at("type").Value == "array" {
			c.Shape = shapeOf(schema.raw("items"))
		} else if c.Shape == "" {
			c.Fields = fields(schema)
		}
		if example := media.at("example"); example.Kind != 0 {
			raw, err := contracts.JSON(example.Node)
			if err != nil {
				return nil, err
			}
			var out bytes.Buffer
			_ = json.Indent(&out, raw, "", "  ") // it was written as JSON a line ago
			c.Example = out.String()
		}
		return c, nil
	}
	return nil, nil
}

func fields(schema document) (all []field) {
	var required []string
	for _, name := range schema.at("required").each() {
		required = append(required, name.Value)
	}
	properties := schema.at("properties")
	for name := range properties.each() {
		p := properties.raw(name)
		all = append(all, field{Name: name, Type: typeOf(p.followed()), Shape: shapeOf(p), Words: p.said(), Required: slices.Contains(required, name)})
	}
	return all
}

// values are those of a schema that is one of several.
func values(schema document) (all []named) {
	for _, one := range schema.at("oneOf").each() {
		if value := one.at("const").Value; value != "" {
			all = append(all, named{value, one.at("description").Value})
		}
	}
	return all
}

// shapeOf is the name of the schema that d refers to.
func shapeOf(d document) string {
	name, _ := strings.CutPrefix(d.ref(), "#/components/schemas/")
	return name
}

// typeOf is a schema in a few words.
func typeOf(schema document) string {
	var types []string
	for _, one := range schema.at("type").each() {
		types = append(types, one.Value)
	}
	if one := schema.at("type").Value; one != "" {
		types = append(types, one)
	}
	words := strings.Join(types, " or ")
	var listed []string
	for _, one := range schema.at("enum").each() {
		listed = append(listed, one.Value)
	}
	if only := schema.at("const").Value; only != "" {
		listed = append(listed, only)
	}
	if len(listed) > 0 {
		words += ": " + strings.Join(listed, ", ")
	}
	least, most, unit := schema.at("minimum").Value, schema.at("maximum").Value, ""
	if least == "" && most == "" {
		least, most, unit = schema.at("minLength").Value, schema.at("maxLength").Value, " characters"
	}
	switch {
	case least != "" && most != "":
		words += ", " + least + " to " + most + unit
	case most != "":
		words += ", at most " + most + unit
	}
	if usual := schema.at("default").Value; usual != "" {
		words += ", " + usual + " if not given"
	}
	return words
}

// chapters reads a text of paragraphs, some of them under a line that begins with ###.
func chapters(text string) (all []chapter) {
	for i, part := range strings.Split("\n"+text, "\n### ") {
		c := chapter{}
		if i > 0 {
			c.Title, part, _ = strings.Cut(part, "\n")
		}
		if c.Words = paragraphs(part); len(c.Words) > 0 {
			all = append(all, c)
		}
	}
	return all
}

func paragraphs(text string) (all []string) {
	for p := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		if p = strings.Join(strings.Fields(p), " "); p != "" {
			all = append(all, p)
		}
	}
	return all
}

// quoted is a text in which what stands between backquotes is code.
func quoted(text string) template.HTML {
	var out strings.Builder
	for i, part := range strings.Split(text, "`") {
		part = template.HTMLEscapeString(part)
		if i%2 == 1 {
			part = "<code>" + part + "</code>"
		}
		out.WriteString(part)
	}
	return template.HTML(out.String())
}
