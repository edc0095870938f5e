package main

import (
	"marketplace/services/auth/account"
	"marketplace/shared/metrics"
)

var (
	created = metrics.NewCounter("accounts_created_total", "Accounts that were made.")
	deleted = metrics.NewCounter("accounts_deleted_total", "Accounts that their owners deleted.")
)

// count counts what a change has made of an account.
func count(before, after account.Account) {
	switch {
	case before.Gone() && !after.Gone():
		created.Inc()
	case !before.Gone() && after.Gone():
		deleted.Inc()
	}
}
