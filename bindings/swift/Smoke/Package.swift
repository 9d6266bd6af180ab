// swift-tools-version:6.0
import PackageDescription

// For a simulator: that the library of `cargo xtask package apple` loads and runs there. What it does is tested on Linux.
let package = Package(
    name: "FlashpaperSmoke",
    platforms: [.iOS(.v17)],
    dependencies: [.package(name: "Flashpaper", path: "..")],
    targets: [
        .testTarget(
            name: "FlashpaperSmoke", dependencies: [.product(name: "FlashpaperKit", package: "Flashpaper")], path: "Tests"),
    ],
    swiftLanguageModes: [.v6]
)
