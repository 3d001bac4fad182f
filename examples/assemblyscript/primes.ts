// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// primes: counts the prime numbers below the number given on the command line (default 1000).
//
// AssemblyScript has no system interface of its own; the wasi-shim maps `process` and `console` to WASI.

function countPrimes(limit: i32): i32 {
  const composite = new StaticArray<bool>(limit);
  let count = 0;
  for (let n = 2; n < limit; n++) {
    if (composite[n]) continue;
    count++;
    for (let multiple = <i64>n * n; multiple < limit; multiple += n) {
      composite[<i32>multiple] = true;
    }
  }
  return count;
}

function main(): i32 {
  const args = process.argv;
  const text = args.length > 1 ? args[1] : "1000";
  const limit = I32.parseInt(text);
  // parseInt gives 0 for a text without a number.
  if (limit < 1 || limit > 100000000) {
    process.stderr.write("primes: '" + text + "' is not a number from 1 to 100000000\n");
    return 1;
  }
  process.stdout.write(countPrimes(limit).toString() + " primes below " + limit.toString() + "\n");
  return 0;
}

process.exit(main());
