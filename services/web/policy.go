package main

// policy is what a page may load and talk to: ourselves. No script or style stands inside a page.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; " + always

const always = "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// policyWithStripe adds what Stripe asks for where its card fields are shown, https://docs.stripe.com/security/guide.
const policyWithStripe = "default-src 'none'; script-src 'self' https://js.stripe.com https://*.js.stripe.com; " +
	"frame-src https://js.stripe.com https://*.js.stripe.com https://hooks.stripe.com; connect-src 'self' https://api.stripe.com; " +
	"style-src 'self'; img-src 'self' https://*.stripe.com; font-src 'self'; " + always
