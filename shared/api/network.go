package api

import (
	"net/netip"
	"strings"
)

// Network names the network that a request comes from, by the lines of its X-Forwarded-For: the address that web has
// seen stands last. One customer has a whole /64 of IPv6, so that is one network. All whose address is unreadable share one.
func Network(forwarded []string) string {
	if len(forwarded) == 0 {
		return "unknown"
	}
	last := forwarded[len(forwarded)-1]
	addr, err := netip.ParseAddr(strings.TrimSpace(last[strings.LastIndexByte(last, ',')+1:]))
	if err != nil {
		return "unknown"
	}
	if addr = addr.WithZone("").Unmap(); addr.Is4() {
		return addr.String()
	}
	return netip.PrefixFrom(addr, 64).Masked().String()
}
