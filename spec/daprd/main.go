// Daprd as `github.com/dapr/dapr/cmd/daprd` builds it with `-tags stablecomponents`, plus SQLite name resolution,
// which Dapr's released binaries have and that tag leaves out: service invocation on one machine without multicast.
package main

import (
	"github.com/dapr/components-contrib/nameresolution/sqlite"
	"github.com/dapr/dapr/cmd/daprd/app"
	"github.com/dapr/dapr/pkg/components/nameresolution"
)

func main() {
	nameresolution.DefaultRegistry.RegisterComponent(sqlite.NewResolver, "sqlite")
	app.Run()
}
