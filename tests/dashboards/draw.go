package main

import (
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

// Units, by Grafana's names.
const (
	count    = "short"
	each     = "cps" // a second
	seconds  = "s"
	share    = "percentunit"
	bytes    = "bytes"
	millis   = "ms"
	notMany  = 8  // columns of 24
	halfWide = 12 // likewise
)

// board is a dashboard that asks whichever Prometheus Grafana has.
func board(uid, title, about string) *dashboard.DashboardBuilder {
	return dashboard.NewDashboardBuilder(title).Uid(uid).Description(about).Tags([]string{"marketplace"}).
		Refresh("30s").Time("now-3h", "now").Timezone("browser").Tooltip(dashboard.DashboardCursorSyncCrosshair).
		WithVariable(dashboard.NewDatasourceVariableBuilder("source").Label("Prometheus").Type("prometheus")).
		Link(dashboard.NewDashboardLinkBuilder("The marketplace's dashboards").Type(dashboard.DashboardLinkTypeDashboards).Tags([]string{"marketplace"}).AsDropdown(true))
}

func source() common.DataSourceRef {
	kind, uid := "prometheus", "${source}"
	return common.DataSourceRef{Type: &kind, Uid: &uid}
}

func ask(id, expr, legend string) *prometheus.DataqueryBuilder {
	return prometheus.NewDataqueryBuilder().RefId(id).Expr(expr).LegendFormat(legend)
}

// row begins a part of a dashboard.
func row(title string) *dashboard.RowBuilder { return dashboard.NewRowBuilder(title) }

// curve draws what has been over time; queries are expressions and legends in turn.
func curve(title, about, unit string, queries ...string) *timeseries.PanelBuilder {
	p := timeseries.NewPanelBuilder().Title(title).Description(about).Unit(unit).Min(0).Datasource(source()).
		Span(halfWide).Height(8).FillOpacity(8).LineWidth(1).ShowPoints(common.VisibilityModeNever)
	for i := 0; i+1 < len(queries); i += 2 {
		p.WithTarget(ask(string(rune('A'+i/2)), queries[i], queries[i+1]))
	}
	return p
}

// number shows what is now.
func number(title, about, unit, expr string) *stat.PanelBuilder {
	return stat.NewPanelBuilder().Title(title).Description(about).Unit(unit).Datasource(source()).
		Span(notMany / 2).Height(4).GraphMode(common.BigValueGraphModeArea).
		Orientation(common.VizOrientationAuto).ReduceOptions(common.NewReduceDataOptionsBuilder().Calcs([]string{"lastNotNull"})).
		WithTarget(ask("A", expr, ""))
}

// quantiles are the median and the slowest in a hundred of a histogram, by some labels.
func quantiles(histogram, by string) []string {
	legend := ""
	if by != "" {
		legend = " {{" + by + "}}"
		by = ", " + by
	}
	of := func(q string) string {
		return "histogram_quantile(" + q + ", sum by (le" + by + ") (rate(" + histogram + "[$__rate_interval])))"
	}
	return []string{of("0.5"), "half" + legend, of("0.99"), "99 %" + legend}
}
