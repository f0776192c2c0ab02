#!/usr/bin/env bash
# Distillery, from a fresh clone on Debian, Ubuntu or macOS with rustup and Node. Sets up what it needs itself.
#
#   ./build.sh           same as serve
#   ./build.sh serve     build the page and serve it on http://127.0.0.1:8787 (PORT=8788 for another port)
#   ./build.sh build     build the engine (pkg/) and the page (www/dist), and print the sizes
#   ./build.sh native    build the command line program
#   ./build.sh test      install what the tests need and run all of them
#   ./build.sh bench     run the benchmarks and print their table
#   ./build.sh peers     the same workloads on PyTorch, TensorFlow.js and jax-js too (6 GB, once); `peers torch:2 ours:wasm` for some
#                        engines, W=W1,W3 for some workloads, QUICK=1 for their first losses more than their speed
#   ./build.sh check     format, lints, docs, licences and advisories, types of the page
#   ./build.sh help      this
#
# DISTILLERY_TOOLS is where it keeps the tools that it installs, CARGO_TARGET_DIR where cargo keeps what it compiles,
# CHROMIUM the browser of the tests.
#
# It runs on macOS's bash 3.2: no associative arrays, no empty arrays under `set -u`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

TOOLS=${DISTILLERY_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/distillery/tools}
WASM=wasm32-unknown-unknown
BINARYEN=132.0.0
CARGO_DENY=0.20.2
# What a visitor downloads at most.
BROTLI_BUDGET_MB=3
# CI must build exactly what Cargo.lock says; at the desk cargo may bring it up to date.
LOCKED=${CI:+--locked}

# --- saying things ---------------------------------------------------------------------------------------------------

part=
part_start=0
parts_done=0
parts_skipped=0
skipped=
explained=

# Each argument on a line.
say() { printf '%s\n' "$@"; }

# One line that says what is wrong and what to do.
die() {
  printf 'build.sh: %s\n' "$*" >&2
  explained=yes
  exit 1
}

# part NAME COMMAND...: says what is done and how long it took. The command stands alone on its line, not in a condition: there
# `set -e` would be off inside it.
part() {
  part=$1
  part_start=$SECONDS
  shift
  say "" "== $part"
  "$@"
  say "   $part: $((SECONDS - part_start)) s"
  if [ -n "$skipped" ]; then parts_skipped=$((parts_skipped + 1)); else parts_done=$((parts_done + 1)); fi
  skipped=
  part=
}

# Says why the part under way proves nothing, so that it does not count as passed.
skip() {
  skipped=yes
  say "SKIPPED: $1"
}

finish() {
  local code=$?
  [ "$code" != 0 ] || return 0
  if [ -n "$part" ]; then
    printf '\nbuild.sh: failed in "%s" after %s s\n' "$part" "$((SECONDS - part_start))" >&2
  elif [ -z "$explained" ]; then
    printf 'build.sh: stopped (exit code %s)\n' "$code" >&2
  fi
}
trap finish EXIT

have() { command -v "$1" >/dev/null 2>&1; }
on_macos() { [ "$(uname -s)" = Darwin ]; }

# --- what must be there ----------------------------------------------------------------------------------------------

# older A B: version A comes before B.
older() { [ "$1" != "$2" ] && [ "$(printf '%s\n%s\n' "$1" "$2" | sort -t. -k1,1n -k2,2n -k3,3n | head -n 1)" = "$1" ]; }

need_rust() {
  { have cargo && have rustc; } || die "Rust is missing: install it from https://rustup.rs and open a new shell"
  local wanted found
  wanted=$(sed -n 's/^rust-version = "\(.*\)"$/\1/p' Cargo.toml).0
  found=$(rustc --version | sed 's/^rustc \([0-9.]*\).*/\1/')
  ! older "$found" "$wanted" || die "Rust $found is too old, $wanted or newer is needed: rustup update stable"
  if on_macos; then
    xcode-select -p >/dev/null 2>&1 || die "the C compiler and linker are missing: xcode-select --install"
  else
    have cc || die "the C compiler and linker are missing: sudo apt-get install build-essential"
  fi
}

need_node() {
  { have node && have npm; } || die "Node.js with npm is missing: install version 20.19 or newer from https://nodejs.org"
  local found
  found=$(node --version | sed 's/^v//')
  ! older "$found" 20.19.0 || die "Node.js $found is too old: install version 20.19 or newer from https://nodejs.org"
}

need_python() {
  python3 -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 ||
    die "Python 3.11 or newer with venv is missing: install it from https://python.org (Debian: sudo apt-get install python3-venv)"
}

need_component() {
  cargo "$1" --version >/dev/null 2>&1 && return
  have rustup || die "cargo $1 is missing: install your distribution's package of it, or Rust from https://rustup.rs"
  rustup component add "$2"
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif have sudo; then
    sudo "$@"
  else
    die "this must be run as root, and sudo is missing: $*"
  fi
}

# --- stamps: the hash of the inputs lies beside the outputs, so that who deletes these deletes it too ----------------

hasher="shasum -a 256"
! have sha256sum || hasher=sha256sum

# hash_files PATH...: one hash of all files in there, without what is made from them.
hash_files() {
  find "$@" \( -name node_modules -o -name dist -o -name test-results \) -prune -o -type f -exec $hasher {} + | LC_ALL=C sort | $hasher
}

is_current() { [ -f "$1" ] && [ "$(cat "$1")" = "$2" ]; }

# --- set-up ----------------------------------------------------------------------------------------------------------

wasm_target() {
  [ ! -d "$(rustc --print sysroot)/lib/rustlib/$WASM" ] || return 0
  have rustup || die "Rust's $WASM target is missing: install Rust from https://rustup.rs, or your distribution's package of it"
  rustup target add "$WASM"
}

# install_crate NAME VERSION PROGRAM: into TOOLS, unless it is there at that version.
install_crate() {
  local found
  found=$("$TOOLS/bin/$3" --version 2>/dev/null | cut -d' ' -f2) || found=
  [ "$found" != "$2" ] || return 0
  say "installing $1 $2 into $TOOLS (some minutes, once)"
  # Its own target folder: the crate's may be busy. From TOOLS, so that the crate's cargo settings are not used.
  (cd "$TOOLS" && unset CARGO_TARGET_DIR RUSTFLAGS && cargo install --quiet --force --root "$TOOLS" --version "$2" "$1")
}

# The program and the crate must have the same version: they share a format that changes with each release.
wasm_bindgen() {
  install_crate wasm-bindgen-cli "$(awk '/^name = "wasm-bindgen"$/ { getline; gsub(/[^0-9.]/, ""); print; exit }' Cargo.lock)" wasm-bindgen
}

# From npm: Debian's is years old, and the project's own downloads come from where a build machine may not reach.
wasm_opt() {
  local folder=$TOOLS/binaryen-$BINARYEN
  [ -f "$folder/node_modules/binaryen/bin/wasm-opt" ] || {
    say "installing wasm-opt $BINARYEN into $TOOLS"
    npm install --prefix "$folder" --no-save --no-audit --no-fund --loglevel=error "binaryen@$BINARYEN" >/dev/null
  }
}

set_up_wasm() {
  mkdir -p "$TOOLS"
  wasm_target
  wasm_bindgen
  wasm_opt
}

npm_packages() {
  local stamp
  stamp=$(hash_files www/package.json www/package-lock.json)
  ! is_current www/node_modules/.stamp "$stamp" || return 0
  say "installing the page's npm packages"
  (cd www && npm ci --no-audit --no-fund --loglevel=error)
  printf '%s' "$stamp" >www/node_modules/.stamp
}

# The packages of other engines in a page, and what makes a page of them.
peers_packages() {
  local folder=$TOOLS/peers stamp
  stamp=$(hash_files benches/peers/package.json benches/peers/package-lock.json)
  ! is_current "$folder/node_modules/.stamp" "$stamp" || return 0
  say "installing TensorFlow.js and jax-js into $folder (120 MB, once)"
  mkdir -p "$folder"
  cp benches/peers/package.json benches/peers/package-lock.json "$folder"
  (cd "$folder" && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
  printf '%s' "$stamp" >"$folder/node_modules/.stamp"
}

peers_torch() {
  local folder=$TOOLS/peers/venv stamp
  stamp=$({ hash_files benches/peers/requirements.txt && python3 --version; } | $hasher)
  ! is_current "$folder/.stamp" "$stamp" || return 0
  say "installing PyTorch into $folder (on Linux 6 GB, most of it for GPUs; once)"
  rm -rf "$folder"
  python3 -m venv "$folder"
  "$folder/bin/pip" install --quiet --disable-pip-version-check -r benches/peers/requirements.txt
  printf '%s' "$stamp" >"$folder/.stamp"
}

# --- builds ----------------------------------------------------------------------------------------------------------

target_folder() { cargo metadata --no-deps --format-version 1 | node -p 'JSON.parse(require("fs").readFileSync(0, "utf8")).target_directory'; }

# cargo for wasm. RUSTFLAGS in the environment would replace those of .cargo/config.toml, without which it does not compile.
cargo_wasm() { env -u RUSTFLAGS CARGO_BUILD_TARGET="$WASM" cargo "$@"; }

# The engine as an npm package in pkg/.
engine() {
  local stamp built
  stamp=$({ hash_files src Cargo.toml Cargo.lock .cargo build.sh pkg/README.md LICENSE ATTRIBUTIONS.md www/src/engine/generated && rustc --version; } | $hasher)
  if is_current pkg/.stamp "$stamp"; then
    say "engine: unchanged"
    return
  fi
  rm -f pkg/.stamp
  say "engine: compiling (the first time some 20 minutes, most of it libraries)"
  cargo_wasm build $LOCKED --profile web --lib
  built=$(target_folder)/$WASM/web/distillery.wasm
  "$TOOLS/bin/wasm-bindgen" --target web --out-dir pkg --out-name distillery --remove-producers-section "$built"
  say "engine: shrinking"
  shrink pkg/distillery_bg.wasm
  package
  printf '%s' "$stamp" >pkg/.stamp
}

# Not -Oz or -Os: what they save (2 MB of 16) comes from making repetitive code less so, and brotli's output grows by 10 %, in 20 times the
# time. Merged functions make others alike, hence three times; after a fourth brotli's output is larger again. The features are those that
# rustc switches on for this target, and simd: wasm-opt refuses code that uses others.
shrink() {
  local alike="--duplicate-function-elimination --merge-similar-functions"
  # shellcheck disable=SC2086
  node "$TOOLS/binaryen-$BINARYEN/node_modules/binaryen/bin/wasm-opt" \
    $alike $alike $alike --remove-unused-module-elements --strip-debug --strip-producers \
    --enable-bulk-memory --enable-multivalue --enable-mutable-globals --enable-nontrapping-float-to-int --enable-reference-types \
    --enable-sign-ext --enable-simd "$1" -o "$1.small"
  mv "$1.small" "$1"
}

# What makes pkg/ an npm package, beside what wasm-bindgen wrote.
package() {
  cp LICENSE ATTRIBUTIONS.md pkg/
  cp www/src/engine/generated/types.ts pkg/protocol.d.ts
  mkdir -p pkg/parts
  cp src/data/fashion.bin pkg/parts/fashion_images
  cp src/train/teachers/fashion.safetensors pkg/parts/fashion_teacher
  cp src/train/teachers/grammar.safetensors pkg/parts/grammar_teacher
  cargo metadata --no-deps --format-version 1 | node -e '
    const [{ name, version, license, description }] = JSON.parse(require("fs").readFileSync(0, "utf8")).packages;
    const entry = (file) => ({ types: `./${file}.d.ts`, default: `./${file}.js` });
    console.log(JSON.stringify({
      name, version, description, license, type: "module",
      main: "./distillery.js", types: "./distillery.d.ts",
      exports: {
        ".": entry("distillery"),
        "./protocol": { types: "./protocol.d.ts" },
        "./distillery_bg.wasm": "./distillery_bg.wasm",
        "./parts/*": "./parts/*",
        "./package.json": "./package.json",
      },
      files: ["distillery.js", "distillery.d.ts", "distillery_bg.wasm", "distillery_bg.wasm.d.ts", "protocol.d.ts", "parts", "snippets", "ATTRIBUTIONS.md"],
      sideEffects: ["./distillery.js", "./snippets/*"],
    }, null, 2));
  ' >pkg/package.json
}

page() {
  local stamp
  npm_packages
  stamp=$({ hash_files www && cat pkg/.stamp; } | $hasher)
  if is_current www/dist/.stamp "$stamp"; then
    say "page: unchanged"
    return
  fi
  rm -f www/dist/.stamp
  (cd www && npm run --silent build -- --logLevel error)
  cp LICENSE ATTRIBUTIONS.md www/dist/
  printf '%s' "$stamp" >www/dist/.stamp
}

native() { cargo build $LOCKED --release --bin distillery; }

sizes() { node benches/size.mjs "$@"; }

# --- parts of the tests ----------------------------------------------------------------------------------------------

find_chromium() {
  local name
  for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable \
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome" /Applications/Chromium.app/Contents/MacOS/Chromium; do
    [ -n "$name" ] && command -v "$name" 2>/dev/null && return
  done
  return 1
}

debian_has() { dpkg-query -W -f '${Status}' "$1" 2>/dev/null | grep -q 'ok installed'; }

# A browser, and on Linux a Vulkan device for machines without a GPU.
test_packages() {
  local missing="" name
  if on_macos || ! have apt-get; then
    find_chromium >/dev/null || die "Chromium or Chrome is missing: install it (macOS: brew install --cask chromium) or set CHROMIUM to its program"
    return 0
  fi
  find_chromium >/dev/null || missing=chromium
  for name in mesa-vulkan-drivers libvulkan1; do debian_has "$name" || missing="$missing $name"; done
  if [ -n "$missing" ]; then
    say "installing $missing"
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null
  fi
  find_chromium >/dev/null || die "Chromium is missing and apt-get gave none: install Chrome, or set CHROMIUM to a Chromium program"
}

shared_tests_in_wasm() {
  CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_RUNNER=$TOOLS/bin/wasm-bindgen-test-runner cargo_wasm test $LOCKED --profile web --lib
}

self_test() {
  local device=vulkan
  ! on_macos || device=metal
  native
  local program
  program=$(target_folder)/release/distillery
  if ! "$program" devices | grep -q "^$device"; then
    skip "this machine has no $device driver (Debian: mesa-vulkan-drivers): nothing was learned about $device"
    return 0
  fi
  "$program" self-test --device "$device"
}

# Two files at a time: each starts a browser that mostly waits for one thread. No test measures time.
browser_tests() { CHROMIUM=$(find_chromium) node --test --test-concurrency=2 tests/browser/*.test.mjs; }

page_script() { (cd www && npm run --silent "$@"); }

# Advisories come from a database on the network. Without it the rest is still worth knowing.
licences_and_advisories() {
  local log
  install_crate cargo-deny "$CARGO_DENY" cargo-deny
  "$TOOLS/bin/cargo-deny" --log-level error check bans licenses sources
  log=$(mktemp)
  if "$TOOLS/bin/cargo-deny" --log-level error check advisories >"$log" 2>&1; then
    cat "$log"
  elif grep -q 'failed to fetch advisory database' "$log"; then
    say "advisories: not checked, the advisory database could not be fetched"
  else
    cat "$log" >&2
    return 1
  fi
}

# --- commands --------------------------------------------------------------------------------------------------------

build() {
  need_rust
  need_node
  set_up_wasm
  engine
  page
}

command_build() {
  build
  sizes
  say "built: pkg/ and www/dist/"
}

command_serve() {
  need_rust
  need_node
  # Before the long part, not after it.
  node www/serve.mjs --free "${PORT:-8787}" || { explained=yes; exit 1; }
  build
  trap - EXIT
  exec node www/serve.mjs www/dist "${PORT:-8787}"
}

command_native() {
  need_rust
  native
  say "built: $(target_folder)/release/distillery"
}

command_test() {
  need_rust
  need_node
  part "set-up: npm packages" npm_packages
  part "set-up: browser and software Vulkan" test_packages
  part "set-up: wasm tools" set_up_wasm
  part "page: unit tests" page_script test
  part "Rust: tests on the CPU backend" cargo test $LOCKED --release
  part "native: self-test on the GPU interface" self_test
  part "engine: build" engine
  part "engine: size within $BROTLI_BUDGET_MB MB" sizes --max-brotli-mb "$BROTLI_BUDGET_MB"
  part "engine: shared tests as wasm under Node" shared_tests_in_wasm
  part "page: build" page
  part "page: in headless Chromium with WebGPU" browser_tests
  say "" "Done in $((SECONDS / 60)) min $((SECONDS % 60)) s." "parts: $parts_done passed, 0 failed, $parts_skipped skipped"
}

command_bench() {
  build
  test_packages
  native
  CHROMIUM=$(find_chromium) DISTILLERY=$(target_folder)/release/distillery node benches/bench.mjs
}

command_peers() {
  local needs program=
  need_node
  # Before the long parts: a name that is wrong is said here, and programs that are missing.
  needs=$(node benches/peers/engines.mjs "$@") || { explained=yes; exit 1; }
  needed() { case " $needs " in *" $1 "*) ;; *) return 1 ;; esac; }
  if needed rust; then need_rust; fi
  if needed torch; then need_python; fi
  if needed browser; then
    npm_packages
    test_packages
  fi
  if needed packages; then peers_packages; fi
  if needed torch; then peers_torch; fi
  if needed engine; then
    set_up_wasm
    engine
  fi
  if needed native; then
    native
    program=$(target_folder)/release/distillery
  fi
  PEERS=$TOOLS/peers DISTILLERY=$program CHROMIUM=$(find_chromium) node benches/peers/run.mjs "$@" || { explained=yes; exit 1; }
}

command_check() {
  need_rust
  need_node
  mkdir -p "$TOOLS"
  wasm_target
  need_component fmt rustfmt
  need_component clippy clippy
  part "format" cargo fmt --check
  part "lints, native" cargo clippy --all-targets -- -D warnings
  part "lints, wasm" cargo_wasm clippy --lib --tests -- -D warnings
  # Private items are documented too, so that links to them lead somewhere.
  part "docs" env RUSTDOCFLAGS="-D warnings -A rustdoc::private-intra-doc-links" cargo doc --no-deps --lib --document-private-items
  part "licences and advisories" licences_and_advisories
  part "page: packages" npm_packages
  part "page: lints" page_script lint
  part "page: types" page_script check
  say "" "parts: $parts_done passed, 0 failed"
}

command_help() { sed -n '2,/^# CHROMIUM/s/^# \{0,1\}//p' build.sh; }

case ${1:-serve} in
  serve | build | native | test | check) "command_${1:-serve}" ;;
  bench) command_bench ;;
  peers)
    shift
    command_peers "$@"
    ;;
  help | -h | --help) command_help ;;
  *) die "there is no command \"$1\": ./build.sh help lists them" ;;
esac
