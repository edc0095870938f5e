package account

import "strings"

// DeviceOf is a User-Agent in words, as "Firefox on Linux": enough for its owner to know it again, and never what the sender
// wrote. Programs come first that name others as well.
func DeviceOf(userAgent string) string {
	browser := firstOf(userAgent, browsers, "A program")
	system := firstOf(userAgent, systems, "")
	if system == "" {
		return browser
	}
	return browser + " on " + system
}

type sign struct{ in, name string }

var browsers = []sign{
	{"Edg", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser", "Samsung Internet"}, {"Firefox/", "Firefox"}, {"FxiOS", "Firefox"},
	{"CriOS", "Chrome"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"}, {"curl/", "curl"},
}

var systems = []sign{
	{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"CrOS", "ChromeOS"}, {"Windows", "Windows"}, {"Mac OS X", "Mac"}, {"Linux", "Linux"},
}

// longestAgent is how much of a User-Agent is looked at.
const longestAgent = 512

func firstOf(text string, signs []sign, otherwise string) string {
	text = text[:min(len(text), longestAgent)]
	for _, s := range signs {
		if strings.Contains(text, s.in) {
			return s.name
		}
	}
	return otherwise
}
