;; Reads the text of scripts/lib/bytes.mjs in place: js/loader/bytes.ts. A module is half a megabyte, and a new process has
;; compiled nothing yet: as JavaScript this loop takes longer than what comes after it.
;;
;; Memory: 128 bytes for the characters that stand for a byte, 128 for those behind "}", 128 behind "~"; then the text.
(module
  (memory (export "memory") 1)
  (func (export "decode") (param $from i32) (param $to i32) (param $end i32)
    (local $code i32)
    (loop $next
      (local.set $code (i32.load8_u (local.get $from)))
      (local.set $from (i32.add (local.get $from) (i32.const 1)))
      ;; "}" and "~" have the highest codes of the alphabet, 125 and 126.
      (if (i32.ge_u (local.get $code) (i32.const 125))
        (then
          (local.set $code
            (i32.add
              (i32.shl (i32.sub (local.get $code) (i32.const 124)) (i32.const 7))
              (i32.load8_u (local.get $from))))
          (local.set $from (i32.add (local.get $from) (i32.const 1)))))
      ;; A byte takes at least a character, so what is written never passes what is read.
      (i32.store8 (local.get $to) (i32.load8_u (local.get $code)))
      (local.set $to (i32.add (local.get $to) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $to) (local.get $end))))))
