package browser

import "testing"

func TestSignOut(t *testing.T) {
	base := market(t)
	p := newcomer(t, base)
	p.open("/orders")
	p.sees("You have not bought anything yet")
	p.clicks("Sign out")
	p.sees("You are signed out")
	p.open("/orders")
	p.at("/signin")

	p.types("#email", p.Email)
	p.types("#password", "wrong horse")
	p.clicks("Sign in")
	p.sees("Invalid credentials")
	p.until("the address is kept and the password is not", `document.querySelector("#email").value !== "" && document.querySelector("#password").value === ""`)
	p.types("#password", password)
	p.clicks("Sign in")
	p.at("/orders") // where he wanted to be
}
