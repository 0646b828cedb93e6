package io.strand.grpc;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;
import io.strand.grpc.testing.LeakCheckExtension;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.test.context.SpringBootTest;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.fields;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noMethods;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

/**
 * What the architecture asks for, as far as a test can see it.
 */
class ArchitectureTests {

	private static final String BASE = "io.strand.grpc";

	/** From the bottom to the top; each sees those before it. */
	private static final List<String> LAYERS = List.of("thread", "transport", "call", "stream", "service", "FEATURES",
			"autoconfigure");

	private static final Set<String> FEATURES = Set.of("server", "client", "health", "security", "observation",
			"actuate");

	private static final Set<String> NAMES_THAT_SAY_NOTHING = Set.of("util", "utils", "common", "core", "impl",
			"internal");

	private static final JavaClasses MAIN = new ClassFileImporter()
		.withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
		.importPackages(BASE);

	private static final JavaClasses TESTS = new ClassFileImporter()
		.withImportOption(ImportOption.Predefined.ONLY_INCLUDE_TESTS)
		.importPackages(BASE);

	@Test
	void classesAreFound() {
		assertThat(MAIN).hasSizeGreaterThan(30);
		assertThat(TESTS).hasSizeGreaterThan(10);
	}

	@Test
	void packagesDependDownwardsOnly() {
		classes().should(new ArchCondition<>("depend only on layers below, and on no sibling feature") {

			@Override
			public void check(JavaClass type, ConditionEvents events) {
				type.getDirectDependenciesFromSelf().forEach((dependency) -> {
					String from = feature(type);
					String to = feature(dependency.getTargetClass());
					if (!from.isEmpty() && !to.isEmpty() && !from.equals(to) && layer(from) <= layer(to)) {
						events.add(SimpleConditionEvent.violated(type, dependency.getDescription()));
					}
				});
			}

		}).check(MAIN);
	}

	/**
	 * The first part of the package below the base, empty for what is not ours.
	 */
	private static String feature(JavaClass type) {
		String name = type.getBaseComponentType().getPackageName();
		return name.startsWith(BASE + ".") ? name.substring(BASE.length() + 1).split("\\.")[0] : "";
	}

	private static int layer(String feature) {
		int layer = LAYERS.indexOf(FEATURES.contains(feature) ? "FEATURES" : feature);
		assertThat(layer).as("the package %s.%s has a place in the architecture", BASE, feature)
			.isGreaterThanOrEqualTo(0);
		return layer;
	}

	@Test
	void packagesHaveNoCycles() {
		slices().matching(BASE + ".(**)").should().beFreeOfCycles().check(MAIN);
	}

	@Test
	void threadSeesOnlyTheJdk() {
		classes().that()
			.resideInAPackage(BASE + ".thread..")
			.should()
			.onlyDependOnClassesThat()
			.resideInAnyPackage(BASE + ".thread..", "java..", "org.jspecify.annotations..")
			.check(MAIN);
	}

	@Test
	void engineSeesNoSpring() {
		noClasses().that()
			.resideInAnyPackage(BASE + ".thread..", BASE + ".call..", BASE + ".stream..")
			.should()
			.dependOnClassesThat()
			.resideInAPackage("org.springframework..")
			.check(MAIN);
	}

	@Test
	void springBootIsSeenByTheWiringOnly() {
		noClasses().that()
			.resideOutsideOfPackages(BASE + ".autoconfigure..", BASE + ".health..", BASE + ".actuate..")
			.should()
			.dependOnClassesThat()
			.resideInAPackage("org.springframework.boot..")
			.check(MAIN);
	}

	@Test
	void autoConfigurationsArePublicAndFinalAndHaveNoPublicMembers() {
		DescribedPredicate<JavaClass> autoConfigurations = DescribedPredicate.describe("auto-configuration classes",
				(type) -> type.isAnnotatedWith(AutoConfiguration.class));
		classes().that(autoConfigurations)
			.should()
			.bePublic()
			.andShould()
			.haveModifier(JavaModifier.FINAL)
			.andShould()
			.haveSimpleNameEndingWith("AutoConfiguration")
			.check(MAIN);
		methods().that().areDeclaredInClassesThat(autoConfigurations).should().notBePublic().check(MAIN);
		fields().that()
			.areDeclaredInClassesThat(autoConfigurations)
			.should()
			.notBePublic()
			.allowEmptyShould(true)
			.check(MAIN);
	}

	@Test
	void everyPackageIsNullMarkedAndSaysWhatItIsFor() {
		packages().forEach((name) -> {
			assertThat(isNullMarked(name)).as("%s is @NullMarked", name).isTrue();
			Path source = Path.of("src/main/java", name.replace('.', '/'), "package-info.java");
			assertThat(source).content().as("%s says what it is for", source).contains("/**", ".\n */");
		});
	}

	private static boolean isNullMarked(String packageName) {
		try {
			return Class.forName(packageName + ".package-info").isAnnotationPresent(NullMarked.class);
		}
		catch (ClassNotFoundException ex) {
			return false;
		}
	}

	@Test
	void noPackageHasANameThatSaysNothing() {
		assertThat(packages().flatMap((name) -> Stream.of(name.split("\\."))).distinct())
			.doesNotContainAnyElementsOf(NAMES_THAT_SAY_NOTHING);
	}

	private static Stream<String> packages() {
		return MAIN.stream().map(JavaClass::getPackageName).distinct().sorted();
	}

	@Test
	void noMethodIsSynchronized() {
		noMethods().should().haveModifier(JavaModifier.SYNCHRONIZED).check(MAIN);
	}

	@Test
	void testsThatTryInterleavingsAreThoseTheBuildRunsApart() {
		assertThat(TESTS.stream().filter(JavaClass::isTopLevelClass).filter(ArchitectureTests::isMadeForLincheck))
			.hasSizeGreaterThan(10)
			.allSatisfy((type) -> {
				assertThat(type.getSimpleName()).endsWith("LincheckTests");
				assertThat(type.getAnnotationOfType(Tag.class).value()).isEqualTo("lincheck");
			});
	}

	private static boolean isMadeForLincheck(JavaClass type) {
		return type.getSimpleName().endsWith("LincheckTests") || type.getDirectDependenciesFromSelf()
			.stream()
			.anyMatch(
					(dependency) -> dependency.getTargetClass().getPackageName().startsWith("org.jetbrains.lincheck"));
	}

	@Test
	void testsThatStartAServerLookForLeaks() {
		classes().that()
			.haveSimpleNameEndingWith("Tests")
			.and(DescribedPredicate.describe("start a server", ArchitectureTests::startsServer))
			.should(new ArchCondition<>("carry LeakCheckExtension") {

				@Override
				public void check(JavaClass type, ConditionEvents events) {
					if (!looksForLeaks(type)) {
						events.add(SimpleConditionEvent.violated(type, type.getName() + " does not"));
					}
				}

			})
			.check(TESTS);
	}

	private static boolean startsServer(JavaClass type) {
		return type.isAnnotatedWith(SpringBootTest.class)
				|| type.getDirectDependenciesFromSelf().stream().anyMatch((dependency) -> {
					JavaClass target = dependency.getTargetClass();
					return target.isAssignableTo("io.grpc.ServerBuilder") || Set
						.of("GrpcServer", "GrpcServerAutoConfiguration", "TestClient", "FailedStart", "ServerContext")
						.contains(target.getSimpleName());
				});
	}

	private static boolean looksForLeaks(JavaClass type) {
		return Stream.concat(Stream.of(type), type.getAllRawSuperclasses().stream())
			.anyMatch((each) -> each.isAnnotatedWith(ExtendWith.class)
					&& Arrays.asList(each.getAnnotationOfType(ExtendWith.class).value())
						.contains(LeakCheckExtension.class));
	}

	@Test
	void testsAreNotPublicAndTheirNamesEndAlike() throws Exception {
		try (Stream<Path> files = Files.walk(Path.of("src/test/java"))) {
			assertThat(files.map((file) -> file.getFileName().toString()))
				.noneMatch((name) -> name.endsWith("Test.java"));
		}
		noClasses().that().haveSimpleNameEndingWith("Tests").should().bePublic().check(TESTS);
	}

}
