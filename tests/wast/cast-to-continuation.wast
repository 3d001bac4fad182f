;; options: -W custom-descriptors -W stack-switching
;; SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
;; Nothing can be cast to a continuation, whatever custom descriptors allow between `from` and `to`.
(assert_invalid
  (module
    (type $f (func)) (type $c (cont $f))
    (func (param (ref null $c)) (result (ref null $c))
      (br_on_cast 0 (ref null $c) (ref $c) (local.get 0))))
  "invalid cast")
(assert_invalid
  (module
    (type $f (func)) (type $c (cont $f))
    (func (param (ref null $c)) (result (ref null $c))
      (br_on_cast_fail 0 (ref null $c) (ref $c) (local.get 0))))
  "invalid cast")
(module
  (type $s (struct))
  (func (param anyref) (result anyref)
    (br_on_cast 0 anyref (ref $s) (local.get 0))))
