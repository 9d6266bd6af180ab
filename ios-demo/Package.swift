// swift-tools-version:6.0
import PackageDescription

// The model. The app around it is in App/, for Xcode: see README.md.
let package = Package(
    name: "FlashpaperDemo",
    platforms: [.iOS(.v17), .macOS(.v14)],
    products: [.library(name: "FlashpaperDemoModel", targets: ["FlashpaperDemoModel"])],
    dependencies: [.package(name: "Flashpaper", path: "../bindings/swift")],
    targets: [
        .target(
            name: "FlashpaperDemoModel",
            dependencies: [.product(name: "FlashpaperKit", package: "Flashpaper")]
        ),
    ],
    swiftLanguageModes: [.v6]
)

#if os(Linux)
// The lab lives on Linux.
package.targets.append(
    .testTarget(
        name: "FlashpaperDemoModelTests",
        dependencies: ["FlashpaperDemoModel", .product(name: "FlashpaperLab", package: "Flashpaper")]
    )
)
#endif
