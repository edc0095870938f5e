// Stripe's own card field: card numbers go from the browser to Stripe and never through us.
const field = document.getElementById("card");
const wrong = document.getElementById("card-wrong");
const token = document.getElementById("token");

if (field && window.Stripe) {
	const stripe = window.Stripe(field.dataset.stripe);
	const card = stripe.elements().create("card", { hidePostalCode: true });
	card.mount(field);
	card.on("change", (event) => { wrong.textContent = event.error ? event.error.message : ""; });
	let asking = false;
	field.closest("form").addEventListener("submit", async (event) => {
		if (token.value) return; // now it is an ordinary form
		event.preventDefault();
		if (asking) return;
		asking = true;
		const { submitter } = event;
		submitter.disabled = true;
		const { paymentMethod, error } = await stripe.createPaymentMethod({ type: "card", card });
		asking = false;
		submitter.disabled = false;
		if (error) {
			wrong.textContent = error.message;
			return;
		}
		token.value = paymentMethod.id;
		event.target.requestSubmit(submitter);
	});
} else if (field) {
	wrong.textContent = "Stripe's card field could not be loaded. Please try again.";
}
