// The countdown follows the server's clock: the visitor's may be wrong.
import { say } from "./local.js";
import { refresh } from "./refresh.js";

let server = Number(document.body.dataset.now); // the server's time ...
let here = performance.getEntriesByType("navigation")[0].responseStart; // ... at this moment of ours

document.addEventListener("refreshed", (event) => {
	server = event.detail.server;
	here = event.detail.here;
});

const two = (n) => String(n).padStart(2, "0");

function show(ms) {
	const s = Math.max(0, Math.ceil(ms / 1000));
	return (s >= 3600 ? two(Math.floor(s / 3600)) + ":" : "") + two(Math.floor(s / 60) % 60) + ":" + two(s % 60);
}

const warnings = [[60_000, "One minute left to pay."], [300_000, "Five minutes left to pay."]];
let before = Infinity;
let asked = 0;

// What begins while a page is open is over there, too.
setInterval(() => {
	for (const el of document.querySelectorAll("[data-starts]:not([data-off])")) {
		if (Date.parse(el.dataset.starts) <= server + performance.now() - here) el.dataset.off = "past";
	}
}, 1000);

setInterval(() => {
	const el = document.querySelector("[data-deadline]");
	if (!el) return;
	const left = Date.parse(el.dataset.deadline) - (server + performance.now() - here);
	const text = show(left);
	if (el.textContent !== text) el.textContent = text;
	el.classList.toggle("soon", left < 60_000);
	for (const [ms, words] of warnings) if (left <= ms && before > ms && before !== Infinity) say(words);
	before = left;
	if (left <= 0 && performance.now() - asked > 1500) { // the server has the last word
		asked = performance.now();
		refresh();
	}
}, 200);
