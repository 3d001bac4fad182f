module example.com/greet

go 1.21

require github.com/bytecodealliance/wasmtime-go/v39 v39.0.1

// What bindings/go/prepare.py has made: the package with Wazuka in it.
replace github.com/bytecodealliance/wasmtime-go/v39 => ./wasmtime-go
