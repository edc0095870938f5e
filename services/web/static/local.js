// Money and times in the visitor's language and time zone.
const currency = document.body.dataset.currency.toUpperCase();
const money = new Intl.NumberFormat([], { style: "currency", currency });
const hours = new Intl.DateTimeFormat("en", { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const times = new Intl.DateTimeFormat([], { dateStyle: "medium", timeStyle: "short" });

// What stands before the decimals.
const mark = new Intl.NumberFormat().formatToParts(1.5).find((part) => part.type === "decimal").value;

// price writes an amount into its place, as small as it must be to stay in one piece.
export function price(el) {
	el.textContent = money.format(el.value);
	const { length } = el.textContent;
	el.classList.toggle("long", length > 7 && length <= 10);
	el.classList.toggle("longer", length > 10);
}

export function localize(root) {
	for (const el of root.querySelectorAll("data.price")) price(el);
	for (const el of root.querySelectorAll("data.sum")) el.textContent = money.format(el.value);
	for (const el of root.querySelectorAll("time:not(.starts)")) { // when something begins is told on the clock of its venue
		const text = times.format(new Date(el.dateTime));
		if (el.parentElement.matches(".local")) el.parentElement.hidden = hours.format(new Date(el.dateTime)) === el.closest("dd").querySelector(".hour").textContent.slice(0, 5);
		el.textContent = text;
	}
	for (const el of root.querySelectorAll("[data-decimal]")) { // the form takes prices as the page shows them
		el.value = mark;
		for (const input of el.form.querySelectorAll("[data-price]")) {
			if (/^\d+\.\d+$/.test(input.value)) input.value = input.defaultValue = input.value.replace(".", mark);
		}
	}
	for (const el of root.querySelectorAll("[data-zone]")) { // most sell what is on where they live
		const zone = times.resolvedOptions().timeZone;
		if (el.value || !zone?.includes("/")) continue;
		if (!el.querySelector(`option[value="${CSS.escape(zone)}"]`)) el.append(new Option(zone, zone));
		el.value = zone;
	}
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
