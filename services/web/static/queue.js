// The page of the queue tries again by itself: the page is asked for once more, or the form is sent once more.
const here = document.querySelector("[data-again]");
if (here) {
	const until = performance.now() + 1000 * (Number(here.dataset.again) + Math.random()); // not everybody at once
	const words = document.querySelector("[data-in]");
	const timer = setInterval(() => {
		const left = Math.ceil((until - performance.now()) / 1000);
		if (left > 0) {
			words.textContent = left === 1 ? "in a second" : `in ${left} seconds`;
			return;
		}
		words.textContent = "now";
		clearInterval(timer);
		if (here instanceof HTMLFormElement) here.requestSubmit();
		else location.reload();
	}, 250);
}
