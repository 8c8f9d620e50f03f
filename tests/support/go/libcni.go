// A runtime that is nothing but libcni: reads a list and what is to be done with it, prints the result as JSON.
//
//	libcni add|check|del LIST NETNS CONTAINER INTERFACE [ARGUMENTS]
//
// ARGUMENTS: JSON, values by the capability that they are for. Errors are printed as the plugin wrote them, exit code 1.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/containernetworking/cni/libcni"
	"github.com/containernetworking/cni/pkg/types"
)

const limit = 15 * time.Second

func do(words []string) (types.Result, error) {
	list, err := libcni.ConfListFromFile(words[1])
	if err != nil {
		return nil, err
	}
	runtime := &libcni.RuntimeConf{NetNS: words[2], ContainerID: words[3], IfName: words[4]}
	if len(words) > 5 {
		if err := json.Unmarshal([]byte(words[5]), &runtime.CapabilityArgs); err != nil {
			return nil, err
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cni := libcni.NewCNIConfig([]string{os.Getenv("CNI_PATH")}, nil)
	switch words[0] {
	case "add":
		if _, err := cni.ValidateNetworkList(ctx, list); err != nil {
			return nil, err
		}
		return cni.AddNetworkList(ctx, list, runtime)
	case "check":
		return nil, cni.CheckNetworkList(ctx, list, runtime)
	case "del":
		return nil, cni.DelNetworkList(ctx, list, runtime)
	}
	return nil, fmt.Errorf("no such verb: %s", words[0])
}

func main() {
	if len(os.Args) < 6 {
		fmt.Fprintln(os.Stderr, "usage: libcni add|check|del LIST NETNS CONTAINER INTERFACE [ARGUMENTS]")
		os.Exit(2)
	}
	result, err := do(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if result != nil {
		if err := result.Print(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}
