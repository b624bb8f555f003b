package main

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	appsapply "k8s.io/client-go/applyconfigurations/apps/v1"
	coreapply "k8s.io/client-go/applyconfigurations/core/v1"
	metaapply "k8s.io/client-go/applyconfigurations/meta/v1"
)

// web is what the first manager wants of a deployment.
func web(w world, image string) *appsapply.DeploymentApplyConfiguration {
	labels := map[string]string{"app": "web"}
	container := coreapply.Container().WithName("c").WithImage(image).
		WithPorts(coreapply.ContainerPort().WithContainerPort(80))
	return appsapply.Deployment("web", w.namespace).WithSpec(appsapply.DeploymentSpec().
		WithSelector(metaapply.LabelSelector().WithMatchLabels(labels)).
		WithTemplate(coreapply.PodTemplateSpec().WithLabels(labels).
			WithSpec(coreapply.PodSpec().WithContainers(container))))
}

// apply goes through the life of two managers: create, extract, change, conflict, force, give up.
func apply(ctx context.Context, w world) error {
	deployments := w.client.AppsV1().Deployments(w.namespace)
	one := metav1.ApplyOptions{FieldManager: "one"}
	if _, err := deployments.Apply(ctx, web(w, "i"), one); err != nil {
		return err
	}
	two := metav1.ApplyOptions{FieldManager: "two"}
	scaled := appsapply.Deployment("web", w.namespace).WithSpec(appsapply.DeploymentSpec().WithReplicas(3))
	if _, err := deployments.Apply(ctx, scaled, two); err != nil {
		return err
	}
	// What a controller does: extract what is mine, change it, apply it again.
	current, err := deployments.Get(ctx, "web", metav1.GetOptions{})
	if err != nil {
		return err
	}
	mine, err := appsapply.ExtractDeployment(current, "one")
	if err != nil {
		return err
	}
	if err := show("extracted for one:", mine); err != nil {
		return err
	}
	mine.Spec.Template.Spec.Containers[0].WithImage("j")
	mine.WithLabels(map[string]string{"extra": "yes"})
	if _, err := deployments.Apply(ctx, mine, one); err != nil {
		return err
	}
	_, err = deployments.Apply(ctx, scaled.WithLabels(map[string]string{"extra": "no"}), two)
	fmt.Println("conflict:", apierrors.IsConflict(err), err)
	two.Force = true
	if _, err := deployments.Apply(ctx, scaled, two); err != nil {
		return err
	}
	// The first one gives up everything but what is required.
	current, err = deployments.Apply(ctx, web(w, "j"), one)
	if err != nil {
		return err
	}
	for _, manager := range []string{"one", "two", "nobody"} {
		its, err := appsapply.ExtractDeployment(current, manager)
		if err != nil {
			return err
		}
		if err := show("extracted for "+manager+":", its); err != nil {
			return err
		}
	}
	return nil
}

// applyStatus owns conditions of a status, by their type.
func applyStatus(ctx context.Context, w world) error {
	deployments := w.client.AppsV1().Deployments(w.namespace)
	if _, err := deployments.Apply(ctx, web(w, "i"), metav1.ApplyOptions{FieldManager: "one"}); err != nil {
		return err
	}
	for _, kind := range []string{"Available", "Progressing"} {
		condition := appsapply.DeploymentCondition().WithType(appsv1.DeploymentConditionType(kind)).
			WithStatus("True").WithReason("Driver")
		status := appsapply.Deployment("web", w.namespace).
			WithStatus(appsapply.DeploymentStatus().WithConditions(condition))
		options := metav1.ApplyOptions{FieldManager: "status-" + kind}
		if _, err := deployments.ApplyStatus(ctx, status, options); err != nil {
			return err
		}
	}
	current, err := deployments.Get(ctx, "web", metav1.GetOptions{})
	if err != nil {
		return err
	}
	for _, condition := range current.Status.Conditions {
		fmt.Println("condition", condition.Type, condition.Status, condition.Reason)
	}
	its, err := appsapply.ExtractDeploymentStatus(current, "status-Available")
	if err != nil {
		return err
	}
	return show("extracted:", its)
}
