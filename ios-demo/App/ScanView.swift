import AVFoundation
import FlashpaperDemoModel
import SwiftUI

/// The camera's picture, until a QR code is in it. Nothing of it is kept. Compiled on Apple's platforms only.
struct ScanView: View {
    let found: @MainActor (String) -> Void
    @State private var isAllowed: Bool?

    var body: some View {
        Group {
            switch isAllowed {
            case true: CameraView(found: found).frame(minHeight: 260).accessibilityLabel(TextKey.contactsScanHint.string)
            case false: Text(TextKey.contactsScanNone)
            case nil: ProgressView()
            }
        }
        // The camera is asked for when it is needed, and not before.
        .task { isAllowed = await AVCaptureDevice.requestAccess(for: .video) && AVCaptureDevice.default(for: .video) != nil }
    }
}

private struct CameraView: UIViewControllerRepresentable {
    let found: @MainActor (String) -> Void

    func makeUIViewController(context: Context) -> CameraController { CameraController(found) }
    func updateUIViewController(_ controller: CameraController, context: Context) {}
}

@MainActor
private final class CameraController: UIViewController, @preconcurrency AVCaptureMetadataOutputObjectsDelegate {
    private let found: @MainActor (String) -> Void
    private let session = AVCaptureSession()
    private lazy var picture = AVCaptureVideoPreviewLayer(session: session)
    private var isDone = false

    init(_ found: @escaping @MainActor (String) -> Void) {
        self.found = found
        super.init(nibName: nil, bundle: nil)
    }

    required init?(coder: NSCoder) { nil }

    override func viewDidLoad() {
        super.viewDidLoad()
        guard let camera = AVCaptureDevice.default(for: .video), let input = try? AVCaptureDeviceInput(device: camera),
            session.canAddInput(input)
        else { return }
        let output = AVCaptureMetadataOutput()
        session.addInput(input)
        session.addOutput(output)
        output.setMetadataObjectsDelegate(self, queue: .main)
        output.metadataObjectTypes = [.qr]
        picture.videoGravity = .resizeAspectFill
        view.layer.addSublayer(picture)
    }

    override func viewDidLayoutSubviews() {
        super.viewDidLayoutSubviews()
        picture.frame = view.bounds
    }

    override func viewDidAppear(_ animated: Bool) {
        super.viewDidAppear(animated)
        // Starting blocks for some tenths of a second.
        nonisolated(unsafe) let session = session
        Task.detached { session.startRunning() }
    }

    override func viewWillDisappear(_ animated: Bool) {
        super.viewWillDisappear(animated)
        session.stopRunning()
    }

    func metadataOutput(
        _ output: AVCaptureMetadataOutput, didOutput objects: [AVMetadataObject], from connection: AVCaptureConnection
    ) {
        guard !isDone, let code = objects.lazy.compactMap({ ($0 as? AVMetadataMachineReadableCodeObject)?.stringValue }).first
        else { return }
        isDone = true
        session.stopRunning()
        found(code)
    }
}
