package experiments

import (
	tea "charm.land/bubbletea/v2"

	"flightdeck/tui"
)

// Tab is the whole tab of one client.
func Tab(d *Desk) tui.Tab {
	d.detail = NewDetail(d)
	return tui.Tab{Name: "Experiments", Panes: []tui.View{NewRuns(d), NewCharts(d), d.detail}}
}

// reveal gives the details the keyboard: those of a tab, or as they are.
func (d *Desk) reveal(tab string) tea.Cmd {
	if d.detail == nil {
		return nil
	}
	if tab != "" {
		d.detail.setTab(tab)
	}
	return tui.Reveal(d.detail)
}
