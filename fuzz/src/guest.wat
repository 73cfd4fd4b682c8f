;; A guest of nobody's: it offers what the sandbox's guest offers, and does what its memory says.
;;
;; From `pc` on there is a list of steps, a byte each and then what it needs, little endian:
;;
;;   0  return, with 4 bytes as the status, or as the address where that is asked for
;;   1  log(level, text, length)                       3 times 4 bytes
;;   2  call(slot, three texts and their lengths)      7 times 4 bytes
;;   3  timer(slot, milliseconds)                      4 bytes and 8 as a number
;;   4  store                                          an address and a word
;;   5  grow the memory                                a byte: pages of 64 KiB
;;   6  trap
;;   7  random(), and the clock
;;
;; Others are none. What the host answers is ignored: this guest goes on when it should stop.
(module
  (import "env" "__rquickjs_host_now_us" (func $now (result f64)))
  (import "host" "random" (func $random (result i64)))
  (import "host" "timer" (func $timer (param i32 f64) (result i32)))
  (import "host" "log" (func $log (param i32 i32 i32) (result i32)))
  (import "host" "call" (func $call (param i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (global (export "outcome") i32 (i32.const 16))
  (global (export "stop_requested") i32 (i32.const 32))
  (global (export "regex_runs") i32 (i32.const 36))
  (global $pc (mut i32) (i32.const 4096))

  (func $word (result i32)
    (i32.load (global.get $pc))
    (global.set $pc (i32.add (global.get $pc) (i32.const 4))))

  (func $byte (result i32)
    (i32.load8_u (global.get $pc))
    (global.set $pc (i32.add (global.get $pc) (i32.const 1))))

  (func $number (result f64)
    (f64.load (global.get $pc))
    (global.set $pc (i32.add (global.get $pc) (i32.const 8))))

  (func $steps (result i32)
    (loop $next
      (block $other (block $draw (block $trap (block $grow (block $store
      (block $wait (block $ask (block $tell (block $end
        (br_table $end $tell $ask $wait $store $grow $trap $draw $other (call $byte)))
        (return (call $word)))
        (drop (call $log (call $word) (call $word) (call $word)))
        (br $next))
        (drop (call $call (call $word) (call $word) (call $word) (call $word) (call $word)
          (call $word) (call $word)))
        (br $next))
        (drop (call $timer (call $word) (call $number)))
        (br $next))
        (i32.store (call $word) (call $word))
        (br $next))
        (drop (memory.grow (call $byte)))
        (br $next))
        unreachable)
        (drop (call $random))
        (drop (call $now))
        (br $next))
      (br $next))
    unreachable)

  (func (export "alloc") (param i32) (result i32) (call $steps))
  (func (export "start") (param i32 i32 i32 i32 i32) (result i32) (call $steps))
  (func (export "resume") (param i32 i32) (result i32) (call $steps))
  (func (export "survey") (param i32 i32) (result i32) (call $steps))
  (func (export "reset") (drop (call $steps))))
