package browser

import (
	"testing"

	"github.com/chromedp/cdproto/emulation"
)

// An account's page, without JavaScript: what happened, a new password, out everywhere, and goodbye. The focus is on what was wrong.
func TestAnAccount(t *testing.T) {
	base := market(t)
	p := visitor(t, base)
	p.signsUp()
	p.open("/account")
	p.sees("Not yet. Open the link that we have sent there")
	p.sees("The account was made")
	photograph(t, p, "account")
	p.clicks("Send the link again")
	p.sees("A letter with a link is on its way.")

	p.types("#current", "wrong horse")
	p.types("#password", "battery staple")
	p.clicks("Change the password")
	p.sees("That is not your password")
	p.until("the focus is on it, and no password is sent back", `document.activeElement.id === "current" && document.querySelector("#current").value === "" && document.querySelector("#password").value === ""`)
	photograph(t, p, "account-refused")
	p.types("#current", password)
	p.types("#password", "battery staple")
	p.clicks("Change the password")
	p.sees("Your password is changed. Your other devices are signed out.")
	p.sees("The password was changed")

	p.clicks("Sign out everywhere")
	p.sees("You are signed out everywhere.")
	p.at("/signin")
	p.clicks("Forgot your password?")
	p.at("/forgot")
	photograph(t, p, "forgot")
	p.types("#email", p.Email)
	p.clicks("Send me a link")
	p.sees("If that address has an account, a letter with a link is on its way.")
	p.open("/reset?token=spent")
	photograph(t, p, "reset")
	p.types("#password", "battery staple")
	p.clicks("Take this one")
	p.sees("This link is used up")
	photograph(t, p, "reset-over")
	p.open("/verify?token=spent")
	photograph(t, p, "verify")

	p.open("/signup")
	p.types("#email", p.Email)
	p.types("#password", "somebody else")
	p.clicks("Sign up")
	p.sees("Email in use")
	p.clicks("Sign in")
	p.at("/signin")
	p.do(emulation.SetScriptExecutionDisabled(true))
	p.types("#email", p.Email)
	p.types("#password", "battery staple")
	p.clicks("Sign in")
	p.sees("Sign out")
	p.open("/account")
	p.types("#farewell", "battery staple")
	p.clicks("Delete my account")
	p.sees("Your account is deleted. Goodbye.")
	p.isSent("Your account is deleted")
}
