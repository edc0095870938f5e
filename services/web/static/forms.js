// A form is sent once, however often its button is pressed.
document.addEventListener("submit", (event) => {
	const form = event.target;
	if (event.defaultPrevented) return;
	if (form.dataset.sent) {
		event.preventDefault();
		return;
	}
	form.dataset.sent = "yes";
	const button = event.submitter;
	if (!button) return;
	setTimeout(() => { // after the browser has read the form
		button.style.minWidth = button.offsetWidth + "px";
		button.disabled = true;
		if (form.dataset.wait) {
			button.dataset.text = button.textContent;
			button.textContent = form.dataset.wait;
		}
	});
});

// Back by the browser's button: as it was.
addEventListener("pageshow", () => {
	for (const form of document.querySelectorAll("form[data-sent]")) {
		delete form.dataset.sent;
		for (const button of form.querySelectorAll("button[disabled]")) {
			button.disabled = false;
			if (button.dataset.text) button.textContent = button.dataset.text;
		}
	}
});

// What was refused is where the keyboard goes first, whatever an old browser makes of autofocus.
document.querySelector("[autofocus]")?.focus();

for (const button of document.querySelectorAll("[data-print]")) button.addEventListener("click", () => print());
