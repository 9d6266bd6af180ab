// What both artefacts have: one version, and one folder laid out as a Maven repository, to be tried by an app or handed on as it is.
val number = Regex("(?m)^version = \"(.+)\"$").find(file("../../Cargo.toml").readText())!!.groupValues[1]
val made = providers.gradleProperty("flashpaper.package")

subprojects {
    group = "org.flashpaper"
    version = number
    plugins.withId("maven-publish") {
        extensions.configure<PublishingExtension> {
            repositories {
                maven {
                    name = "package"
                    url = uri("${made.get()}/maven")
                }
            }
        }
    }
}
