// A region of the page is fetched again and put in place when the server has another edition of it.
import { localize, say } from "./local.js";

let running = null;
let again = false;

export function refresh() {
	if (running) {
		again = true; // what is on its way may be too old
		return running;
	}
	running = once().catch(() => {}).finally(() => {
		running = null;
		if (again) {
			again = false;
			refresh();
		}
	});
	return running;
}

async function once() {
	const old = document.querySelector("[data-region]");
	if (!old) return;
	const answer = await fetch(old.dataset.refresh, { headers: { Accept: "text/html", "X-Region": old.id } });
	const here = performance.now();
	if (answer.redirected) { // signed out meanwhile
		location.reload();
		return;
	}
	if (!answer.ok) return;
	const page = new DOMParser().parseFromString(await answer.text(), "text/html");
	const fresh = page.getElementById(old.id);
	document.dispatchEvent(new CustomEvent("refreshed", { detail: { server: Number(page.body.dataset.now), here } }));
	if (!fresh || fresh.dataset.edition === old.dataset.edition) return;
	const focused = old.contains(document.activeElement);
	localize(fresh);
	old.replaceWith(fresh);
	document.title = page.title;
	say(fresh.querySelector("[data-say]")?.dataset.say);
	if (focused) document.getElementById("main").focus();
}
