// Open pages hear of what changes. A lost stream connects again, and connecting is catching up.
import { price, say } from "./local.js";
import { refresh } from "./refresh.js";

const words = { free: "is for sale again", held: "is on hold", sold: "is sold", withdrawn: "was taken off the market" };
const most = 100; // tickets that one stream may follow
let source = null;
let wait = 1000;
let retry;
let listed; // when the newest listing that we know of was made

function connect() {
	clearTimeout(retry);
	if (source || document.hidden) return;
	const ids = [...new Set([...document.querySelectorAll("[data-ticket]")].map((el) => el.dataset.ticket))].slice(0, most);
	const listings = document.querySelector("[data-listings]");
	if (!ids.length && !listings && !document.querySelector("[data-region]")) return;
	const query = new URLSearchParams();
	if (ids.length) query.set("tickets", ids.join(","));
	if (listings) query.set("listings", "");
	source = new EventSource("/live?" + query);
	source.addEventListener("ready", (event) => {
		const last = JSON.parse(event.data).listed;
		if (listings && last > listed) fresh(); // between two streams
		listed = last;
		wait = 1000;
		document.documentElement.dataset.live = "yes";
		refresh();
	});
	source.addEventListener("ticket", (event) => change(JSON.parse(event.data)));
	source.addEventListener("order", (event) => {
		const region = document.querySelector("[data-region]");
		if (region && (region.dataset.order ?? JSON.parse(event.data).id) === JSON.parse(event.data).id) refresh();
	});
	source.addEventListener("listed", fresh);
	source.onerror = () => {
		if (source.readyState !== EventSource.CLOSED) return; // it tries by itself
		disconnect();
		retry = setTimeout(connect, wait * (1 + Math.random()));
		wait = Math.min(wait * 2, 30_000);
	};
}

function fresh() {
	document.getElementById("fresh").hidden = false;
}

function disconnect() {
	source?.close();
	source = null;
	delete document.documentElement.dataset.live;
}

function change(news) {
	for (const el of document.querySelectorAll(`[data-ticket="${CSS.escape(news.id)}"]`)) {
		const title = el.querySelector("[data-title]");
		let changed = false;
		if (news.offer && news.offer.version >= Number(el.dataset.version)) {
			const cost = el.querySelector("data.price");
			changed = title && title.textContent !== news.offer.title || Number(cost.value) !== Number(news.offer.price);
			el.dataset.version = news.offer.version;
			if (changed) {
				if (title) title.textContent = news.offer.title;
				cost.value = news.offer.price;
				price(cost);
				for (const seen of el.querySelectorAll("[data-seen]")) seen.value = news.offer.price; // what the button asks for
				say(`${news.offer.title} was changed by its seller.`);
			}
		}
		if (news.offer && "facts" in el.dataset && news.offer.version >= Number(el.dataset.version) && el.dataset.facts !== (news.offer.facts ?? "")) {
			location.reload(); // another date or place: much of the page is another
			return;
		}
		if (news.offer && news.offer.version >= Number(el.dataset.version) && (el.dataset.off === "withdrawn") !== Boolean(news.offer.withdrawn)) {
			if (news.offer.withdrawn) el.dataset.off = "withdrawn";
			else delete el.dataset.off;
			changed = true;
			say(`${news.offer.title} ${words[news.offer.withdrawn ? "withdrawn" : "free"]}.`);
		}
		if (news.sale >= Number(el.dataset.sale)) {
			el.dataset.sale = news.sale;
			if (el.dataset.state !== news.state) {
				el.dataset.state = news.state;
				changed = true;
				say(`${title?.textContent ?? "A ticket"} ${words[news.state]}.`);
			}
		}
		if (changed) {
			el.classList.add("changed");
			el.addEventListener("animationend", () => el.classList.remove("changed"), { once: true });
		}
	}
}

// A browser opens few connections to one site: pages that nobody sees leave them to those that somebody does.
let leaving;
document.addEventListener("visibilitychange", () => {
	clearTimeout(leaving);
	if (document.hidden) leaving = setTimeout(disconnect, 5000);
	else connect();
});
addEventListener("pagehide", disconnect);
addEventListener("pageshow", connect);
connect();
