;; From the second instance on, memories of a module are mapped from an image of its active segments. No instance may
;; see a difference: each assertion holds of the first instance, whose segments are copied, and of later ones.
(module definition $M
  (memory (export "m") 2 4)
  (data (i32.const 0) "abcdefgh")
  (data (i32.const 4) "WXYZ1234")                ;; overlaps the first one, and comes later
  (data (i32.const 2) "")
  (data (i32.const 4094) "page")                 ;; across pages of the host
  (data (i32.const 131068) "last")               ;; at the end
  (data (i32.const 131072) "")                   ;; nothing, at the bound
  (data $passive "passive")
  (func (export "at") (param i32) (result i32) (i32.load8_u (local.get 0)))
  (func (export "word") (param i32) (result i32) (i32.load (local.get 0)))
  (func (export "set") (param i32 i32) (i32.store8 (local.get 0) (local.get 1)))
  (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0)))
  (func (export "fill") (param i32 i32 i32) (memory.fill (local.get 0) (local.get 1) (local.get 2)))
  (func (export "init-active") (param i32) (memory.init 0 (i32.const 0) (i32.const 0) (local.get 0)))
  (func (export "init-passive") (param i32) (memory.init $passive (i32.const 64) (i32.const 0) (local.get 0)))
  (func (export "drop") (data.drop $passive)))

(module instance $A $M)
(module instance $B $M)
(module instance $C $M)

(assert_return (invoke $A "word" (i32.const 0)) (i32.const 0x64636261))
(assert_return (invoke $B "word" (i32.const 0)) (i32.const 0x64636261))
(assert_return (invoke $A "word" (i32.const 4)) (i32.const 0x5a595857))
(assert_return (invoke $B "word" (i32.const 4)) (i32.const 0x5a595857))
(assert_return (invoke $B "word" (i32.const 8)) (i32.const 0x34333231))
(assert_return (invoke $A "word" (i32.const 4094)) (i32.const 0x65676170))
(assert_return (invoke $B "word" (i32.const 4094)) (i32.const 0x65676170))
(assert_return (invoke $A "word" (i32.const 131068)) (i32.const 0x7473616c))
(assert_return (invoke $B "word" (i32.const 131068)) (i32.const 0x7473616c))
(assert_return (invoke $B "word" (i32.const 12)) (i32.const 0))
(assert_return (invoke $B "word" (i32.const 70000)) (i32.const 0))

;; Active segments are dropped, passive ones are not.
(assert_return (invoke $A "init-active" (i32.const 0)))
(assert_return (invoke $B "init-active" (i32.const 0)))
(assert_trap (invoke $A "init-active" (i32.const 1)) "out of bounds memory access")
(assert_trap (invoke $B "init-active" (i32.const 1)) "out of bounds memory access")
(assert_return (invoke $B "init-passive" (i32.const 7)))
(assert_return (invoke $B "word" (i32.const 64)) (i32.const 0x73736170))
(assert_return (invoke $C "word" (i32.const 64)) (i32.const 0))
(assert_return (invoke $B "drop"))
(assert_trap (invoke $B "init-passive" (i32.const 1)) "out of bounds memory access")
(assert_return (invoke $C "init-passive" (i32.const 1)))

;; What one instance writes no other one sees, and no later one.
(assert_return (invoke $B "set" (i32.const 0) (i32.const 33)))
(assert_return (invoke $A "set" (i32.const 1) (i32.const 34)))
(assert_return (invoke $B "fill" (i32.const 4000) (i32.const 255) (i32.const 4096)))
(assert_return (invoke $B "at" (i32.const 0)) (i32.const 33))
(assert_return (invoke $B "at" (i32.const 1)) (i32.const 98))
(assert_return (invoke $B "word" (i32.const 4094)) (i32.const -1))
(assert_return (invoke $A "at" (i32.const 0)) (i32.const 97))
(assert_return (invoke $C "word" (i32.const 0)) (i32.const 0x64636261))
(assert_return (invoke $C "word" (i32.const 4094)) (i32.const 0x65676170))
(module instance $D $M)
(assert_return (invoke $D "word" (i32.const 0)) (i32.const 0x64636261))
(assert_return (invoke $D "word" (i32.const 4094)) (i32.const 0x65676170))

;; Bounds and growth are as ever.
(assert_trap (invoke $B "word" (i32.const 131069)) "out of bounds memory access")
(assert_return (invoke $B "grow" (i32.const 1)) (i32.const 2))
(assert_return (invoke $B "word" (i32.const 131068)) (i32.const 0x7473616c))
(assert_return (invoke $B "word" (i32.const 131072)) (i32.const 0))
(assert_return (invoke $B "word" (i32.const 196604)) (i32.const 0))
(assert_return (invoke $B "set" (i32.const 196607) (i32.const 1)))
(assert_trap (invoke $B "at" (i32.const 196608)) "out of bounds memory access")
(assert_trap (invoke $C "at" (i32.const 131072)) "out of bounds memory access")
(assert_return (invoke $B "grow" (i32.const 2)) (i32.const -1))

;; Several memories, one of them far from dense, one of 64 bits.
(module definition $N
  (memory $a 1) (memory $b 40) (memory $c i64 2)
  (data (memory $b) (i32.const 2500000) "far")
  (data (memory $a) (i32.const 10) "near")
  (data (memory $b) (i32.const 10) "begin")
  (data (memory $c) (i64.const 65536) "wide")
  (func (export "a") (param i32) (result i32) (i32.load $a (local.get 0)))
  (func (export "b") (param i32) (result i32) (i32.load $b (local.get 0)))
  (func (export "c") (param i64) (result i32) (i32.load $c (local.get 0)))
  (func (export "set") (param i32 i32) (i32.store $b (local.get 0) (local.get 1))))
(module instance $N1 $N)
(module instance $N2 $N)
(assert_return (invoke $N2 "a" (i32.const 10)) (i32.const 0x7261656e))
(assert_return (invoke $N2 "b" (i32.const 10)) (i32.const 0x69676562))
(assert_return (invoke $N2 "b" (i32.const 2500000)) (i32.const 0x726166))
(assert_return (invoke $N2 "b" (i32.const 1000000)) (i32.const 0))
(assert_return (invoke $N2 "c" (i64.const 65536)) (i32.const 0x65646977))
(assert_return (invoke $N2 "set" (i32.const 1000000) (i32.const 7)))
(assert_return (invoke $N1 "b" (i32.const 1000000)) (i32.const 0))
(assert_trap (invoke $N2 "a" (i32.const 65533)) "out of bounds memory access")

;; A segment out of bounds: what comes before it is done, in the memory that others see, each time.
(module $Host (memory (export "m") 1) (func (export "at") (param i32) (result i32) (i32.load8_u (local.get 0)))
  (func (export "clear") (memory.fill (i32.const 0) (i32.const 0) (i32.const 65536))))
(register "host" $Host)
(assert_trap
  (module (import "host" "m" (memory 1)) (memory $own 1)
    (data (memory $own) (i32.const 0) "own") (data (memory 0) (i32.const 0) "1")
    (data (memory $own) (i32.const 65535) "xx") (data (memory 0) (i32.const 1) "2"))
  "out of bounds memory access")
(assert_return (invoke $Host "at" (i32.const 0)) (i32.const 0x31))
(assert_return (invoke $Host "at" (i32.const 1)) (i32.const 0))
;; Imported memories are written to, each time.
(module definition $Writer
  (import "host" "m" (memory 1)) (memory $own 1)
  (data (i32.const 5) "hi") (data (memory $own) (i32.const 0) "own")
  (func (export "own") (result i32) (i32.load $own (i32.const 0))))
(module instance $W1 $Writer)
(assert_return (invoke $Host "at" (i32.const 5)) (i32.const 0x68))
(assert_return (invoke $Host "clear"))
(module instance $W2 $Writer)
(assert_return (invoke $Host "at" (i32.const 5)) (i32.const 0x68))
(assert_return (invoke $W2 "own") (i32.const 0x6e776f))
