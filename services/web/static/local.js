// Money and times in the visitor's language and time zone.
const currency = document.body.dataset.currency.toUpperCase();
const money = new Intl.NumberFormat([], { style: "currency", currency });
const times = new Intl.DateTimeFormat([], { dateStyle: "medium", timeStyle: "short" });

// price writes an amount into its place.
export function price(el) {
	el.textContent = money.format(el.value);
	el.classList.toggle("long", el.textContent.length > 8);
}

export function localize(root) {
	for (const el of root.querySelectorAll("data.price")) price(el);
	for (const el of root.querySelectorAll("time")) el.textContent = times.format(new Date(el.dateTime));
}

// say tells something to everybody, also to those who hear the page instead of seeing it.
const said = document.getElementById("said");
let silence;
export function say(text) {
	if (text) said.textContent = text;
	clearTimeout(silence);
	silence = setTimeout(() => { said.textContent = ""; }, 8000);
}
if (said.textContent) say();
