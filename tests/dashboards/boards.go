package main

import "github.com/grafana/grafana-foundation-sdk/go/dashboard"

func market() *dashboard.DashboardBuilder {
	return board("marketplace-market", "Market: sales, money, holds", "What buyers and sellers do. Figures of all replicas added up; they begin anew when a process does.").
		WithRow(row("Now")).
		WithPanel(number("Orders paid in a day", "Completed, whatever became of the money later.", count, `sum(increase(marketplace_orders_completed_total[1d]))`)).
		WithPanel(number("Charged in a day", "In the currency's smallest unit: cents.", count, `sum(increase(marketplace_charged_minor_units_total[1d]))`)).
		WithPanel(number("Holds", "Tickets that somebody holds and has not paid.", count, `max(marketplace_catalogue_tickets{state="held"})`)).
		WithPanel(number("For sale", "Tickets that can be bought.", count, `max(marketplace_catalogue_tickets{state="free"})`)).
		WithPanel(number("Open pages", "Pages that follow live updates.", count, `sum(marketplace_live_pages)`)).
		WithPanel(number("Of placed orders paid", "In an hour.", share, `sum(increase(marketplace_orders_completed_total[1h])) / sum(increase(marketplace_orders_placed_total[1h]))`)).
		WithRow(row("Sales")).
		WithPanel(curve("Tickets and orders", "Listed, placed, paid and ended unpaid, a second.", each,
			`sum(rate(marketplace_tickets_listed_total[$__rate_interval]))`, "listed",
			`sum(rate(marketplace_orders_placed_total[$__rate_interval]))`, "placed",
			`sum(rate(marketplace_orders_completed_total[$__rate_interval]))`, "paid",
			`sum by (reason) (rate(marketplace_orders_cancelled_total[$__rate_interval]))`, "ended: {{reason}}",
			`sum(rate(marketplace_orders_refunded_total[$__rate_interval]))`, "returned by hand")).
		WithPanel(curve("Orders refused", "By the code that the buyer was told; and by web itself, because another holds the ticket or has bought it.", each,
			`sum by (code) (rate(marketplace_orders_refused_total[$__rate_interval]))`, "{{code}}",
			`sum by (state) (rate(marketplace_orders_refused_at_edge_total[$__rate_interval]))`, "by web: {{state}}")).
		WithPanel(curve("From placed to paid", "How long buyers take, and the payment with them.", seconds, quantiles("marketplace_order_completion_seconds_bucket", "")...)).
		WithPanel(curve("The catalogue", "Of the replica that knows most.", count, `max by (state) (marketplace_catalogue_tickets)`, "{{state}}")).
		WithRow(row("Money")).
		WithPanel(curve("Charged and returned", "In the smallest unit of the currency, an hour.", count,
			`sum by (currency) (increase(marketplace_charged_minor_units_total[1h]))`, "charged, {{currency}}",
			`sum by (currency) (increase(marketplace_refunded_minor_units_total[1h]))`, "returned, {{currency}}")).
		WithPanel(curve("Attempts to pay", "That ended, one way or the other.", each,
			`sum(rate(marketplace_charges_total[$__rate_interval]))`, "charged",
			`sum by (code) (rate(marketplace_declines_total[$__rate_interval]))`, "declined: {{code}}")).
		WithPanel(curve("Handovers", "What sold tickets came to on their way to their buyers, an hour.", count,
			`sum by (status) (increase(marketplace_handovers_total[1h]))`, "{{status}}")).
		WithPanel(curve("What needs somebody", "Since each process began: refunds, payments that no repetition puts right, charges that stood for nothing.", count,
			`sum(marketplace_refunds_total)`, "refunds",
			`sum(marketplace_payments_needing_person_total)`, "needs a person",
			`sum(marketplace_stray_charges_total)`, "stray charges"))
}

func services() *dashboard.DashboardBuilder {
	return board("marketplace-services", "Services: rate, errors, duration", "How requests are answered, and what the services promise of it.").
		WithRow(row("What is promised")).
		WithPanel(curve("Failed, of what should not", "Over an hour: commands with a 5xx, orders slower than 250 ms, events later than two seconds.", share,
			`marketplace:errors:ratio_rate1h`, "{{objective}}")).
		WithPanel(curve("Budget burnt", "How many times faster than it may be, for the budget to last thirty days. Above 14.4 for an hour somebody is woken.", count,
			`marketplace:errors:ratio_rate1h / on (objective) marketplace:budget`, "{{objective}}")).
		WithPanel(curve("Well", "1: the service and all that it needs. For web that is every service.", count, `min by (app) (marketplace_healthy)`, "{{app}}").Max(1)).
		WithPanel(curve("Replicas that answer", "Whose figures Prometheus gets.", count, `sum by (app) (up{job="marketplace"})`, "{{app}}")).
		WithRow(row("Requests")).
		WithPanel(curve("Rate", "Requests answered a second. One from outside counts at web and at the service.", each,
			`sum by (app) (rate(marketplace_http_request_duration_seconds_count[$__rate_interval]))`, "{{app}}")).
		WithPanel(curve("Errors", "Of all, answered with 5xx.", share,
			`sum by (app) (rate(marketplace_http_request_duration_seconds_count{status="5xx"}[$__rate_interval])) / sum by (app) (rate(marketplace_http_request_duration_seconds_count[$__rate_interval]))`, "{{app}}").Max(1)).
		WithPanel(curve("Duration", "Of all requests to a service; where it calls another, that one's is in it.", seconds, quantiles("marketplace_http_request_duration_seconds_bucket", "app")...)).
		WithPanel(curve("The slowest routes of web", "The slowest in a hundred.", seconds,
			`topk(8, histogram_quantile(0.99, sum by (le, method, route) (rate(marketplace_http_request_duration_seconds_bucket{app="web"}[$__rate_interval]))))`, "{{method}} {{route}}")).
		WithPanel(curve("Refused", "Answered with 4xx, by route.", each,
			`topk(8, sum by (app, method, route) (rate(marketplace_http_request_duration_seconds_count{status="4xx"}[$__rate_interval])))`, "{{app}} {{method}} {{route}}")).
		WithRow(row("The door of web")).
		WithPanel(curve("Refused at the door", "A second, because more is asked for than can be done. Nothing that was begun is.", each,
			`sum by (class, why) (rate(marketplace_admission_refused_total[$__rate_interval]))`, "{{class}}: {{why}}")).
		WithPanel(curve("The queue at the door", "Requests that wait for a moment, and how many may be under way, as each replica has found out.", count,
			`sum by (class) (marketplace_admission_waiting)`, "waiting: {{class}}",
			`sum by (class) (marketplace_admission_under_way)`, "under way: {{class}}",
			`sum(marketplace_admission_limit)`, "may be")).
		WithPanel(curve("Waited", "Of those who waited and were let in.", seconds, quantiles("marketplace_admission_wait_seconds_bucket", "class")...)).
		WithPanel(curve("Behind", "How late events get to a service, from half a second on. Less is let in meanwhile, and from two seconds on nothing new.", seconds, `max by (app) (marketplace_events_behind_seconds)`, "{{app}}")).
		WithRow(row("Kept and repeated")).
		WithPanel(curve("The catalogue's pages", "For visitors who are not signed in: made, or kept from a moment before.", each, `sum by (how) (rate(marketplace_pages_alike_total[$__rate_interval]))`, "{{how}}")).
		WithPanel(curve("Requests with an Idempotency-Key", "Repeated: answered as before. Refused: another request under the key, or the same still under way.", each, `sum by (outcome) (rate(marketplace_idempotency_keys_total[$__rate_interval]))`, "{{outcome}}"))
}

func pipes() *dashboard.DashboardBuilder {
	return board("marketplace-pipes", "Pipes: events, lag, dead letters, jobs", "What the services tell one another, and how long it is on its way.").
		WithRow(row("Now")).
		WithPanel(number("Dead letters", "Events that a service could not handle, and that wait for an operator.", count, `max(marketplace_dead_letters_waiting)`)).
		WithPanel(number("In the broker", "All streams. At 10 GB every command is refused.", bytes, `sum(max by (stream_name) (jetstream_stream_total_bytes))`)).
		WithPanel(number("Late events", "Of all in an hour, handled later than two seconds.", share, `marketplace:errors:ratio_rate1h{objective="events"}`)).
		WithRow(row("Events")).
		WithPanel(curve("Handled", "By topic, of those that must come.", each,
			`sum by (topic) (rate(marketplace_events_total{component="pubsub",outcome="handled"}[$__rate_interval]))`, "{{topic}}")).
		WithPanel(curve("Not handled", "Asked for again, dropped, or sent to the dead letters.", each,
			`sum by (app, topic, outcome) (rate(marketplace_events_total{outcome!="handled"}[$__rate_interval])) > 0`, "{{app}} {{topic}}: {{outcome}}")).
		WithPanel(curve("Lag", "From published to handled. Up to a second too long: a sidecar notes whole seconds.", seconds, quantiles("marketplace_event_lag_seconds_bucket", "topic")...)).
		WithPanel(curve("Waiting", "Messages that a consumer has still to be sent, or has not acknowledged.", count,
			`max by (stream_name, consumer_name) (jetstream_consumer_num_pending) + max by (stream_name, consumer_name) (jetstream_consumer_num_ack_pending) > 0`, "{{stream_name}} for {{consumer_name}}")).
		WithRow(row("On the way out")).
		WithPanel(curve("From saved to published", "Of changes that somebody asked for.", seconds, quantiles("marketplace_outbox_publish_seconds_bucket", "app")...)).
		WithPanel(curve("Outbox", "Changes whose events could not be published at once, and what the nudges found.", each,
			`sum by (app) (rate(marketplace_outbox_left_over_total[$__rate_interval]))`, "left over, {{app}}",
			`sum by (app, found) (rate(marketplace_outbox_nudges_total[$__rate_interval]))`, "{{found}}, {{app}}",
			`sum by (app) (marketplace_outbox_publishing)`, "under way, {{app}}")).
		WithRow(row("Jobs and the catalogue")).
		WithPanel(curve("Jobs that rang", "Timers of orders, looks at open payments, refunds.", each, `sum by (app, job, outcome) (rate(marketplace_jobs_total[$__rate_interval]))`, "{{app}} {{job}}: {{outcome}}")).
		WithPanel(curve("Age of the catalogues", "Since each was last read whole from the store. Between such reads it follows the events.", seconds,
			`time() - marketplace_catalogue_read_timestamp_seconds`, "{{instance}}"))
}

func cost() *dashboard.DashboardBuilder {
	const purchases = `sum(rate(marketplace_orders_completed_total[5m]))`
	return board("marketplace-cost", "Cost: what a purchase takes", "Time of processors and calls of sidecars, divided by the purchases of the same five minutes. With few purchases it is the cost of being there.").
		WithRow(row("Of one purchase")).
		WithPanel(curve("Processor time", "Of services and of the sidecars beside them.", millis,
			`1000 * sum by (app) (rate(process_cpu_seconds_total{job="marketplace"}[5m])) / on () group_left () (`+purchases+` > 0)`, "{{app}}",
			`1000 * sum by (app) (rate(process_cpu_seconds_total{job="sidecars"}[5m])) / on () group_left () (`+purchases+` > 0)`, "sidecar of {{app}}")).
		WithPanel(curve("Calls of the sidecars", "What services asked of them, and what they brought.", count,
			`sum(rate(dapr_component_state_count{operation=~".*get"}[5m])) / `+purchases, "get",
			`sum(rate(dapr_component_state_count{operation!~".*get"}[5m])) / `+purchases, "save",
			`sum(rate(dapr_component_pubsub_egress_count[5m])) / `+purchases, "publish",
			`sum(rate(dapr_component_pubsub_ingress_count[5m])) / `+purchases, "delivery",
			`sum(rate(dapr_runtime_service_invocation_req_sent_total[5m])) / `+purchases, "invocation",
			`sum(rate(dapr_grpc_io_server_completed_rpcs{grpc_server_method=~".*(ScheduleJob|DeleteJob).*"}[5m])) / `+purchases, "jobs set and deleted")).
		WithRow(row("Being there")).
		WithPanel(curve("Memory", "Resident, of all replicas together.", bytes,
			`sum by (app, job) (process_resident_memory_bytes)`, "{{app}} ({{job}})")).
		WithPanel(curve("Processors", "How many are busy.", count, `sum by (app, job) (rate(process_cpu_seconds_total[$__rate_interval]))`, "{{app}} ({{job}})")).
		WithPanel(curve("Goroutines", "They grow with what waits; without end, something leaks.", count, `sum by (app) (go_goroutines{job="marketplace"})`, "{{app}}"))
}
