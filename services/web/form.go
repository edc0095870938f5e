package main

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"marketplace/shared/api"
	"marketplace/shared/fault"
)

// form is what a visitor typed, and what is wrong with it.
type form struct {
	Typed url.Values
	Wrong []fault.Field
}

// Value is what was typed into a field.
func (f form) Value(field string) string { return f.Typed.Get(field) }

// Complaint is what is wrong with a field, "" when nothing is.
func (f form) Complaint(field string) string {
	var all []string
	for _, wrong := range f.Wrong {
		if wrong.Field == field {
			all = append(all, wrong.Message)
		}
	}
	return strings.Join(all, " ")
}

// Is tells whether a complaint has a code.
func (f form) Is(code fault.Code) bool {
	return slices.ContainsFunc(f.Wrong, func(wrong fault.Field) bool { return wrong.Code == code })
}

// Others are the complaints about none of these fields.
func (f form) Others(fields ...string) []string {
	var all []string
	for _, wrong := range f.Wrong {
		if !slices.Contains(fields, wrong.Field) {
			all = append(all, wrong.Message)
		}
	}
	return all
}

// typed reads a form. It returns TooLarge or Invalid when it cannot be read.
func typed(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	r.Body = http.MaxBytesReader(w, r.Body, api.BodyLimit)
	err := r.ParseForm()
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return nil, fault.New(fault.TooLarge, "That was more than a form can hold")
	}
	if err != nil {
		return nil, fault.New(fault.Invalid, "The form could not be read")
	}
	return r.PostForm, nil
}

// mendable tells whether the visitor can do something about a refusal where he sent the form from. Who has to wait does it on
// a page of its own.
func mendable(err error) bool {
	if fault.CodeOf(err) == fault.Overloaded {
		return false
	}
	switch fault.KindOf(err) {
	case fault.Invalid, fault.Refused, fault.Restricted, fault.TooMany, fault.Unavailable:
		return true
	}
	return false
}

// again shows a form once more, as it was filled in, with what err says about it. Errors that the visitor can do
// nothing about in the form are returned.
func (s *site) again(w http.ResponseWriter, r *http.Request, name string, v view, err error) error {
	if !mendable(err) {
		return err
	}
	v.Form.Wrong, _ = fault.Public(err)
	return s.show(w, r, fault.Status(err), name, v)
}
