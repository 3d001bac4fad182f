// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// A program that runs a WebAssembly module: it offers two functions to the guest, calls the guest,
// and stops it when it has used up its fuel.
package main

import (
	"errors"
	"fmt"
	"log"

	"github.com/bytecodealliance/wasmtime-go/v39"
)

// A host function that reads the guest's memory: what the guest says about it is checked.
func print(caller *wasmtime.Caller, start, size int32) *wasmtime.Trap {
	memory := caller.GetExport("memory").Memory()
	data := memory.UnsafeData(caller)
	from, to := uint64(uint32(start)), uint64(uint32(start))+uint64(uint32(size))
	if to > uint64(len(data)) {
		return wasmtime.NewTrap("print: outside of the memory")
	}
	fmt.Println(string(data[from:to]))
	return nil
}

func run() error {
	config := wasmtime.NewConfig()
	config.SetConsumeFuel(true)
	engine := wasmtime.NewEngineWithConfig(config)
	module, err := wasmtime.NewModuleFromFile(engine, "greet.wasm")
	if err != nil {
		return err
	}

	store := wasmtime.NewStore(engine)
	if err := store.SetFuel(10000); err != nil {
		return err
	}
	linker := wasmtime.NewLinker(engine)
	count := int32(2)
	if err := linker.FuncWrap("host", "times", func() int32 { return count }); err != nil {
		return err
	}
	if err := linker.FuncWrap("host", "print", print); err != nil {
		return err
	}
	instance, err := linker.Instantiate(store, module)
	if err != nil {
		return err
	}

	greeted, err := instance.GetFunc(store, "greet").Call(store)
	if err != nil {
		return err
	}
	fmt.Println("greet:", greeted)

	_, err = instance.GetFunc(store, "spin").Call(store)
	var trap *wasmtime.Trap
	if errors.As(err, &trap) && trap.Code() != nil && *trap.Code() == wasmtime.OutOfFuel {
		fmt.Println("spin: out of fuel")
		return nil
	}
	return fmt.Errorf("spin ended with %v", err)
}

func main() {
	if err := run(); err != nil {
		log.Fatal(err)
	}
}
